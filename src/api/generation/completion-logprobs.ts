import type { TokenLogprob } from "../../core/stream-event.ts";
import { escapedBytes, finiteLogprob, tokenText } from "./token-text.ts";

/** `choices[].logprobs` of text completions. */
export interface CompletionLogprobs {
	tokens: string[];
	token_logprobs: (number | null)[];
	top_logprobs: (Record<string, number> | null)[] | null;
	text_offset: number[];
}

/**
 * Builds them piece by piece for one choice. Offsets count characters (code points) of the choice's text. They follow the
 * tokens' bytes, not the deltas, whose text may be held back; a token that is part of a character starts where the
 * character does.
 */
export class CompletionLogprobsBuilder {
	readonly #topCount: number;
	readonly #isInvisible: (token: number) => boolean;
	readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
	#offset = 0;

	constructor(topCount: number, isInvisible: (token: number) => boolean) {
		this.#topCount = topCount;
		this.#isInvisible = isInvisible;
	}

	/** Prompt tokens for `echo`. The first has no probability: nothing came before it. */
	addPrompt(
		tokens: ArrayLike<number>,
		entries: readonly (TokenLogprob | null)[],
		bytesOf: (token: number) => Uint8Array,
	) {
		return this.#build(
			Array.from(tokens, (token, index) => ({
				token,
				bytes: bytesOf(token),
				entry: entries[index] ?? null,
			})),
		);
	}

	add(entries: readonly TokenLogprob[]): CompletionLogprobs {
		return this.#build(
			entries.map((entry) => ({
				token: entry.token,
				bytes: entry.bytes,
				entry,
			})),
		);
	}

	#build(
		items: readonly {
			token: number;
			bytes: Uint8Array;
			entry: TokenLogprob | null;
		}[],
	): CompletionLogprobs {
		return {
			tokens: items.map(({ bytes }) => toTokenName(bytes)),
			token_logprobs: items.map(({ entry }) =>
				entry === null ? null : finiteLogprob(entry.logprob),
			),
			// OpenAI leaves the alternatives out when none were asked for.
			top_logprobs:
				this.#topCount === 0
					? null
					: items.map(({ entry }) => this.#toTop(entry)),
			text_offset: items.map(({ token, bytes }) => this.#advance(token, bytes)),
		};
	}

	/** The alternatives and the token itself, which may not be among them. */
	#toTop(entry: TokenLogprob | null): Record<string, number> | null {
		if (entry === null) return null;
		const candidates = [...entry.top.slice(0, this.#topCount), entry];
		return Object.fromEntries(
			candidates.map(({ bytes, logprob }) => [
				toTokenName(bytes),
				finiteLogprob(logprob),
			]),
		);
	}

	#advance(token: number, bytes: Uint8Array): number {
		const offset = this.#offset;
		if (!this.#isInvisible(token)) {
			for (const _ of this.#decoder.decode(bytes, { stream: true }))
				this.#offset++;
		}
		return offset;
	}
}

function toTokenName(bytes: Uint8Array): string {
	return tokenText(bytes) ?? `bytes:${escapedBytes(bytes)}`;
}

/** For answers that are not streamed: the pieces of one choice as one. */
export function joinLogprobs(
	pieces: readonly CompletionLogprobs[],
): CompletionLogprobs {
	return {
		tokens: pieces.flatMap(({ tokens }) => tokens),
		token_logprobs: pieces.flatMap(({ token_logprobs }) => token_logprobs),
		top_logprobs: pieces.some(({ top_logprobs }) => top_logprobs === null)
			? null
			: pieces.flatMap(({ top_logprobs }) => top_logprobs ?? []),
		text_offset: pieces.flatMap(({ text_offset }) => text_offset),
	};
}
