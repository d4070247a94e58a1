import type { InputTruncation } from "../core/embedding-service.ts";
import { GalleyError } from "../core/errors.ts";
import {
	type FrameProbe,
	findTextFrame,
	type TextFrame,
} from "./text-frame.ts";

/** A text, or a pair, as the engine wants it. */
export interface EncodedText {
	tokens: Int32Array;
	/** Where the second text begins; the number of tokens for one text. */
	secondStart: number;
}

/** Turns texts into tokens. */
export interface TokenizerPort extends FrameProbe {
	readonly vocabularySize: number;
}

export interface EncodeOptions {
	truncation: InputTruncation;
	/** The request field, for errors: `input[3]`. */
	param: string;
}

/** Texts and pairs to tokens with the model's special tokens around them, cut to its length where that is allowed. */
export class EncoderText {
	readonly vocabularySize: number;
	readonly maxInputTokens: number;
	readonly #tokenizer: TokenizerPort;
	readonly #frame: TextFrame;

	constructor(tokenizer: TokenizerPort, maxInputTokens: number) {
		this.#tokenizer = tokenizer;
		this.#frame = findTextFrame(tokenizer);
		this.vocabularySize = tokenizer.vocabularySize;
		this.maxInputTokens = maxInputTokens;
	}

	tokenize(text: string): Int32Array {
		return this.#enclose(this.#tokenizer.bare(text));
	}

	encode(
		input: string | Int32Array,
		prompt: string,
		options: EncodeOptions,
	): EncodedText {
		const ids =
			typeof input === "string"
				? this.#tokenizer.bare(prompt + input)
				: this.#withoutFrame(this.#checked(input, options.param));
		const { prefix, suffix } = this.#frame;
		const room = this.maxInputTokens - prefix.length - suffix.length;
		const tokens = this.#enclose(this.#cut(ids, room, options));
		return { tokens, secondStart: tokens.length };
	}

	/** The query once for all its passages. */
	encodeQuery(query: string): readonly number[] {
		const tokens = this.#tokenizer.bare(query);
		if (tokens.length < this.#roomOfPair()) return tokens;
		throw new GalleyError(
			"context_length_exceeded",
			`The query has ${tokens.length} tokens and leaves no room for a passage: query and passage have ${this.#roomOfPair()} together. Shorten the query; only passages are cut.`,
			{ param: "query" },
		);
	}

	encodePair(
		query: readonly number[],
		passage: string,
		options: EncodeOptions,
	): EncodedText {
		const { pairPrefix, pairMiddle, pairSuffix, firstMiddleTokens } =
			this.#frame;
		const room = this.#roomOfPair() - query.length;
		const kept = this.#cut(this.#tokenizer.bare(passage), room, options);
		const tokens = Int32Array.from([
			...pairPrefix,
			...query,
			...pairMiddle,
			...kept,
			...pairSuffix,
		]);
		return {
			tokens,
			secondStart: pairPrefix.length + query.length + firstMiddleTokens,
		};
	}

	#roomOfPair(): number {
		const { pairPrefix, pairMiddle, pairSuffix } = this.#frame;
		return (
			this.maxInputTokens -
			pairPrefix.length -
			pairMiddle.length -
			pairSuffix.length
		);
	}

	#enclose(ids: readonly number[]): Int32Array {
		const { prefix, suffix } = this.#frame;
		const tokens = new Int32Array(prefix.length + ids.length + suffix.length);
		tokens.set(prefix);
		tokens.set(ids, prefix.length);
		tokens.set(suffix, prefix.length + ids.length);
		return tokens;
	}

	#cut(
		ids: readonly number[],
		room: number,
		{ truncation, param }: EncodeOptions,
	): readonly number[] {
		if (ids.length <= room) return ids;
		if (truncation === "end") return ids.slice(0, room);
		if (truncation === "start") return ids.slice(ids.length - room);
		throw new GalleyError(
			"context_length_exceeded",
			`This input has ${ids.length + this.maxInputTokens - room} tokens with the model's own around it, and the model takes ${this.maxInputTokens}. Split it, or let it be cut with "truncate": "END" or "START".`,
			{ param },
		);
	}

	#checked(ids: Int32Array, param: string): Int32Array {
		const wrong = ids.find((id) => id < 0 || id >= this.vocabularySize);
		if (wrong === undefined) return ids;
		throw new GalleyError(
			"invalid_request",
			`${wrong} is no token of this model, which has ${this.vocabularySize}. Token ids must come from its own tokenizer; texts always work.`,
			{ param },
		);
	}

	/** Token inputs may bring the special tokens or not. */
	#withoutFrame(ids: Int32Array): readonly number[] {
		const { prefix, suffix } = this.#frame;
		const end = ids.length - suffix.length;
		const isFramed =
			prefix.length + suffix.length > 0 &&
			end >= prefix.length &&
			prefix.every((id, index) => ids[index] === id) &&
			suffix.every((id, index) => ids[end + index] === id);
		return [...(isFramed ? ids.subarray(prefix.length, end) : ids)];
	}
}
