import { isUtf8 } from "node:buffer";

export interface TokenTextsOptions {
	vocabularySize: number;
	/**
	 * The token's bytes. Whether control tokens such as `<|im_end|>` have any is decided here: one `TokenTexts` shows them,
	 * another one gives them no bytes.
	 */
	tokenBytes: (token: number) => Uint8Array;
}

/**
 * What each token of a vocabulary writes, computed when first asked for and kept: one per model, shared by all its
 * choices. Most tokens are whole characters and are kept as strings; the few that are parts of characters (byte tokens,
 * pieces of a character in byte-level vocabularies) are kept as bytes.
 */
export class TokenTexts {
	/** Undefined: not asked for yet. Null: not whole characters. */
	readonly #texts: (string | null | undefined)[];
	readonly #partialBytes = new Map<number, Uint8Array>();
	readonly #tokenBytes: (token: number) => Uint8Array;
	/** A byte order mark is text like any other: the model wrote it. */
	readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

	constructor({ vocabularySize, tokenBytes }: TokenTextsOptions) {
		this.#texts = new Array<string | null | undefined>(vocabularySize);
		this.#tokenBytes = tokenBytes;
	}

	/** The token's text where it is made of whole characters, else null. */
	text(token: number): string | null {
		const known = this.#texts[token];
		return known === undefined ? this.#learn(token) : known;
	}

	bytes(token: number): Uint8Array {
		return this.#partialBytes.get(token) ?? this.#tokenBytes(token);
	}

	/** Invalid bytes become U+FFFD as the Encoding Standard says. */
	decode(bytes: Uint8Array): string {
		return this.#decoder.decode(bytes);
	}

	#learn(token: number): string | null {
		const bytes = this.#tokenBytes(token);
		const text = isUtf8(bytes) ? this.#decoder.decode(bytes) : null;
		// The engine may reuse the memory behind its answer.
		if (text === null) this.#partialBytes.set(token, bytes.slice());
		this.#texts[token] = text;
		return text;
	}
}
