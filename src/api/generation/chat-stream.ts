import type { OutputParser } from "../../core/output-format.ts";
import type { Usage } from "../../core/stream-event.ts";
import { type EventStream, eventEnd, eventStart } from "../sse.ts";
import type { StreamFormat } from "./answer.ts";
import { toChatLogprob } from "./chat-logprobs.ts";
import { ParsedChoice, type ParsedPiece } from "./parsed-choice.ts";
import type { ChoiceEndEvent, DeltaEvent } from "./run-generations.ts";
import { toWireUsage } from "./usage.ts";

export interface AnswerIdentity {
	id: string;
	/** Unix time in seconds. */
	created: number;
	model: string;
	systemFingerprint: string;
}

/** How choices are taken apart. */
export interface ChoiceShape {
	choiceCount: number;
	createParser: () => OutputParser | null;
	/** Calls are told as `function_call`. */
	isLegacyCall: boolean;
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
	readonly #shape: StreamShape & ChoiceShape;
	readonly #chunkStart: string;
	readonly #chunkEnd: string;
	/** Up to the delta, for each choice. */
	readonly #deltaStarts: readonly string[];
	readonly #deltaEnd: string;
	readonly #choices: readonly ParsedChoice[];
	readonly #separatesReasoning: boolean;

	constructor(shape: StreamShape & ChoiceShape) {
		this.#shape = shape;
		this.#chunkStart = `${eventStart}{"id":${JSON.stringify(shape.id)},"object":"chat.completion.chunk","created":${shape.created},"model":${JSON.stringify(shape.model)},"system_fingerprint":${JSON.stringify(shape.systemFingerprint)},"choices":[`;
		this.#chunkEnd = `]${shape.includeUsage ? ',"usage":null' : ""}}${eventEnd}`;
		const indices = Array.from(
			{ length: shape.choiceCount },
			(_, index) => index,
		);
		this.#deltaStarts = indices.map(
			(index) => `${this.#chunkStart}{"index":${index},"delta":`,
		);
		this.#deltaEnd = `,"logprobs":null,"finish_reason":null}${this.#chunkEnd}`;
		const parsers = indices.map(() => shape.createParser());
		this.#choices = parsers.map((parser) => new ParsedChoice(parser));
		this.#separatesReasoning = parsers.some((parser) => parser !== null);
	}

	start(stream: EventStream): void {
		let frames = "";
		for (const start of this.#deltaStarts)
			frames += `${start}{"role":"assistant","content":""}${this.#deltaEnd}`;
		stream.write(frames);
	}

	delta(stream: EventStream, choice: number, event: DeltaEvent): void {
		const parsed = this.#choices[choice] as ParsedChoice;
		for (const piece of parsed.read(event))
			this.#writePiece(stream, choice, piece);
	}

	choiceEnd(
		stream: EventStream,
		choice: number,
		{ finishReason, stopReason }: ChoiceEndEvent,
	): void {
		const parsed = this.#choices[choice] as ParsedChoice;
		for (const piece of parsed.end()) this.#writePiece(stream, choice, piece);
		const reason = toWireFinishReason(parsed, finishReason, this.#shape);
		stream.write(
			`${this.#deltaStarts[choice]}{},"logprobs":null,"finish_reason":"${reason}","stop_reason":${JSON.stringify(stopReason)}}${this.#chunkEnd}`,
		);
	}

	finish(stream: EventStream, usage: Usage): void {
		if (!this.#shape.includeUsage) return;
		const reasoningTokens = this.#separatesReasoning
			? countReasoningTokens(this.#choices)
			: null;
		stream.write(
			`${this.#chunkStart}],"usage":${JSON.stringify(toWireUsage(usage, reasoningTokens))}}${eventEnd}`,
		);
	}

	#writePiece(stream: EventStream, choice: number, piece: ParsedPiece): void {
		const { logprobs = null } = piece;
		const delta = toDelta(piece, this.#shape.isLegacyCall);
		if (logprobs === null) {
			if (delta !== null)
				stream.write(this.#deltaStarts[choice] + delta + this.#deltaEnd);
			return;
		}
		const content = JSON.stringify(logprobs.map(toChatLogprob));
		stream.write(
			`${this.#deltaStarts[choice]}${delta ?? "{}"},"logprobs":{"content":${content},"refusal":null},"finish_reason":null}${this.#chunkEnd}`,
		);
	}
}

/** The delta's JSON; null where the piece says nothing to clients. */
function toDelta(piece: ParsedPiece, isLegacyCall: boolean): string | null {
	switch (piece.type) {
		case "text":
			return `{"content":${JSON.stringify(piece.text)}}`;
		case "reasoning": {
			const text = JSON.stringify(piece.text);
			return `{"reasoning_content":${text},"reasoning":${text}}`;
		}
		case "call": {
			const called = `{"name":${JSON.stringify(piece.name)},"arguments":""}`;
			return isLegacyCall
				? `{"function_call":${called}}`
				: `{"tool_calls":[{"index":${piece.index},"id":${JSON.stringify(piece.id)},"type":"function","function":${called}}]}`;
		}
		case "arguments": {
			const called = `{"arguments":${JSON.stringify(piece.text)}}`;
			return isLegacyCall
				? `{"function_call":${called}}`
				: `{"tool_calls":[{"index":${piece.index},"function":${called}}]}`;
		}
		case "call-end":
			return null;
	}
}

export function toWireFinishReason(
	choice: ParsedChoice,
	finishReason: ChoiceEndEvent["finishReason"],
	{ isLegacyCall }: Pick<ChoiceShape, "isLegacyCall">,
): "stop" | "length" | "tool_calls" | "function_call" {
	const reason = choice.toFinishReason(finishReason);
	return reason === "tool_calls" && isLegacyCall ? "function_call" : reason;
}

export function countReasoningTokens(choices: readonly ParsedChoice[]): number {
	return choices.reduce((sum, { reasoningTokens }) => sum + reasoningTokens, 0);
}
