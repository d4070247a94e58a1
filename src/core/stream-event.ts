import type { GalleyError } from "./errors.ts";

export interface TokenLogprob {
	token: number;
	/** The token's own bytes; may be part of a character. */
	bytes: Uint8Array;
	/** Natural logarithm, from the raw logits before any sampling parameter, as in vLLM's default. */
	logprob: number;
	/** Highest first. Holds as many as the request asked for. */
	top: readonly { token: number; bytes: Uint8Array; logprob: number }[];
}

export interface Usage {
	promptTokens: number;
	/** Of the prompt tokens, those that were not computed again. */
	cachedTokens: number;
	completionTokens: number;
}

export type FinishReason = "stop" | "length";

/**
 * What a request's owner hears, in this order:
 *
 *     start, (delta | choice-end)*, finish
 *     (anything of the above)*, error
 *
 * `finish` and `error` are terminal: exactly one of them, once, whatever happens.
 */
export type StreamEvent =
	| {
			type: "start";
			promptTokens: number;
			cachedTokens: number;
			promptLogprobs: readonly (TokenLogprob | null)[] | null;
	  }
	| {
			type: "delta";
			choice: number;
			/** May be empty while bytes of a character or of a possible stop string are held back. */
			text: string;
			/** The tokens whose arrival made this delta. */
			tokens: readonly number[];
			/** One entry a token when asked for. */
			logprobs: readonly TokenLogprob[] | null;
	  }
	| {
			type: "choice-end";
			choice: number;
			finishReason: FinishReason;
			/** The stop string or stop token id that ended it; null for the model's own end and for length. */
			stopReason: string | number | null;
	  }
	| { type: "finish"; usage: Usage }
	| { type: "error"; error: GalleyError };
