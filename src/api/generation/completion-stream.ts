import type { Usage } from "../../core/stream-event.ts";
import { type EventStream, eventEnd, eventStart } from "../sse.ts";
import type { StreamFormat } from "./answer.ts";
import type { StreamShape } from "./chat-stream.ts";
import type { CompletionPieces } from "./completion-pieces.ts";
import type {
	ChoiceEndEvent,
	DeltaEvent,
	StartEvent,
} from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

/** Chunks of text completions, built like those of `ChatStream`. */
export class CompletionStream implements StreamFormat {
	readonly #pieces: CompletionPieces;
	readonly #includeUsage: boolean;
	readonly #chunkStart: string;
	readonly #chunkEnd: string;
	readonly #textStart: string;
	/** Behind the text's JSON, for each choice. */
	readonly #textEnds: readonly string[];

	constructor(shape: StreamShape, pieces: CompletionPieces) {
		this.#pieces = pieces;
		this.#includeUsage = shape.includeUsage;
		this.#chunkStart = `${eventStart}{"id":${JSON.stringify(shape.id)},"object":"text_completion","created":${shape.created},"model":${JSON.stringify(shape.model)},"system_fingerprint":${JSON.stringify(shape.systemFingerprint)},"choices":[`;
		this.#chunkEnd = `]${shape.includeUsage ? ',"usage":null' : ""}}${eventEnd}`;
		this.#textStart = `${this.#chunkStart}{"text":`;
		this.#textEnds = Array.from(
			{ length: shape.choiceCount },
			(_, index) =>
				`,"index":${index},"logprobs":null,"finish_reason":null}${this.#chunkEnd}`,
		);
	}

	start(stream: EventStream, prompt: number, event: StartEvent): void {
		const { choicesPerPrompt } = this.#pieces;
		for (
			let index = prompt * choicesPerPrompt;
			index < (prompt + 1) * choicesPerPrompt;
			index++
		) {
			this.#write(stream, index, this.#pieces.echo(prompt, index, event));
		}
	}

	delta(stream: EventStream, choice: number, event: DeltaEvent): void {
		this.#write(stream, choice, this.#pieces.delta(choice, event));
	}

	choiceEnd(
		stream: EventStream,
		choice: number,
		{ finishReason, stopReason }: ChoiceEndEvent,
	): void {
		const reason = this.#pieces.finishReason(finishReason);
		stream.write(
			`${this.#textStart}"","index":${choice},"logprobs":null,"finish_reason":"${reason}","stop_reason":${JSON.stringify(stopReason)}}${this.#chunkEnd}`,
		);
	}

	finish(stream: EventStream, usage: Usage): void {
		if (!this.#includeUsage) return;
		const counts = JSON.stringify(toWireUsage(this.#pieces.usage(usage)));
		stream.write(`${this.#chunkStart}],"usage":${counts}}${eventEnd}`);
	}

	#write(
		stream: EventStream,
		choice: number,
		piece: ReturnType<CompletionPieces["delta"]>,
	): void {
		if (piece === null) return;
		const text = JSON.stringify(piece.text);
		if (piece.logprobs === null) {
			stream.write(this.#textStart + text + this.#textEnds[choice]);
			return;
		}
		const logprobs = JSON.stringify(piece.logprobs);
		stream.write(
			`${this.#textStart}${text},"index":${choice},"logprobs":${logprobs},"finish_reason":null}${this.#chunkEnd}`,
		);
	}
}
