import type { Usage } from "../../core/stream-event.ts";
import { type EventStream, eventEnd, eventStart } from "../sse.ts";
import type { StreamFormat } from "./answer.ts";
import { toChatLogprob } from "./chat-logprobs.ts";
import type { ChoiceEndEvent, DeltaEvent } from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

export interface AnswerIdentity {
	id: string;
	/** Unix time in seconds. */
	created: number;
	model: string;
	systemFingerprint: string;
}

export interface StreamShape extends AnswerIdentity {
	choiceCount: number;
	includeUsage: boolean;
}

/**
 * Chat chunks, byte for byte as OpenAI orders their fields. All that is the same for each token is put together once;
 * a token then costs one JSON.stringify of its text and one concatenation.
 */
export class ChatStream implements StreamFormat {
	readonly #shape: StreamShape;
	readonly #chunkStart: string;
	readonly #chunkEnd: string;
	/** Up to the content's JSON, for each choice. */
	readonly #contentStarts: readonly string[];
	readonly #contentEnd: string;

	constructor(shape: StreamShape) {
		this.#shape = shape;
		this.#chunkStart = `${eventStart}{"id":${JSON.stringify(shape.id)},"object":"chat.completion.chunk","created":${shape.created},"model":${JSON.stringify(shape.model)},"system_fingerprint":${JSON.stringify(shape.systemFingerprint)},"choices":[`;
		this.#chunkEnd = `]${shape.includeUsage ? ',"usage":null' : ""}}${eventEnd}`;
		this.#contentStarts = Array.from(
			{ length: shape.choiceCount },
			(_, index) => `${this.#chunkStart}{"index":${index},"delta":{"content":`,
		);
		this.#contentEnd = `},"logprobs":null,"finish_reason":null}${this.#chunkEnd}`;
	}

	start(stream: EventStream): void {
		let frames = "";
		for (let index = 0; index < this.#shape.choiceCount; index++) {
			frames += `${this.#chunkStart}{"index":${index},"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}${this.#chunkEnd}`;
		}
		stream.write(frames);
	}

	delta(
		stream: EventStream,
		choice: number,
		{ text, logprobs }: DeltaEvent,
	): void {
		if (logprobs === null) {
			if (text !== "")
				stream.write(
					this.#contentStarts[choice] + JSON.stringify(text) + this.#contentEnd,
				);
			return;
		}
		if (logprobs.length === 0 && text === "") return;
		const content = JSON.stringify(logprobs.map(toChatLogprob));
		stream.write(
			`${this.#contentStarts[choice]}${JSON.stringify(text)}},"logprobs":{"content":${content},"refusal":null},"finish_reason":null}${this.#chunkEnd}`,
		);
	}

	choiceEnd(
		stream: EventStream,
		choice: number,
		{ finishReason, stopReason }: ChoiceEndEvent,
	): void {
		stream.write(
			`${this.#chunkStart}{"index":${choice},"delta":{},"logprobs":null,"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}${this.#chunkEnd}`,
		);
	}

	finish(stream: EventStream, usage: Usage): void {
		if (!this.#shape.includeUsage) return;
		stream.write(
			`${this.#chunkStart}],"usage":${JSON.stringify(toWireUsage(usage))}}${eventEnd}`,
		);
	}
}
