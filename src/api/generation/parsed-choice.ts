import type { OutputParser, OutputPiece } from "../../core/output-format.ts";
import type { FinishReason, TokenLogprob } from "../../core/stream-event.ts";
import type { DeltaEvent } from "./run-generations.ts";

/** A piece of one choice, and the log-probabilities of the tokens whose arrival made it (the first piece of them). */
export type ParsedPiece = OutputPiece & {
	logprobs?: readonly TokenLogprob[] | null;
};

/**
 * One choice of a generation as content, reasoning and tool calls. `parser` comes from the plan (`createParser`); null
 * where the output is text and nothing else.
 */
export class ParsedChoice {
	readonly #parser: OutputParser | null;
	#reasoningTokens = 0;
	#callCount = 0;
	/** Of tokens that made no piece yet. */
	#waitingLogprobs: TokenLogprob[] = [];

	constructor(parser: OutputParser | null) {
		this.#parser = parser;
	}

	read({ text, tokens, logprobs }: DeltaEvent): readonly ParsedPiece[] {
		const parser = this.#parser;
		if (parser === null) {
			return text === "" && (logprobs?.length ?? 0) === 0
				? []
				: [{ type: "text", text, logprobs }];
		}
		const wasReasoning = parser.isReasoning;
		const pieces = text === "" ? [] : parser.push(text);
		if (wasReasoning || parser.isReasoning)
			this.#reasoningTokens += tokens.length;
		if (logprobs !== null) this.#waitingLogprobs.push(...logprobs);
		return this.#withLogprobs(pieces);
	}

	/** What was held back, when nothing more comes. */
	end(): readonly ParsedPiece[] {
		const pieces = this.#withLogprobs(this.#parser?.end() ?? []);
		if (this.#waitingLogprobs.length === 0) return pieces;
		const logprobs = this.#takeLogprobs();
		return [...pieces, { type: "text", text: "", logprobs }];
	}

	/** Tokens that were reasoning, so far. */
	get reasoningTokens(): number {
		return this.#reasoningTokens;
	}

	get callCount(): number {
		return this.#callCount;
	}

	/** As OpenAI names it. An answer that was cut is cut, also in the middle of a call. */
	toFinishReason(reason: FinishReason): FinishReason | "tool_calls" {
		return reason === "stop" && this.#callCount > 0 ? "tool_calls" : reason;
	}

	#withLogprobs(pieces: readonly OutputPiece[]): readonly ParsedPiece[] {
		const [first, ...rest] = pieces;
		if (first === undefined) return pieces;
		for (const { type } of pieces) if (type === "call") this.#callCount++;
		if (this.#waitingLogprobs.length === 0) return pieces;
		return [{ ...first, logprobs: this.#takeLogprobs() }, ...rest];
	}

	#takeLogprobs(): readonly TokenLogprob[] {
		const logprobs = this.#waitingLogprobs;
		this.#waitingLogprobs = [];
		return logprobs;
	}
}
