import { GalleyError } from "../../core/errors.ts";
import type { FillInMiddleTokens } from "../../core/language-service.ts";
import type { Vocabulary } from "../engine.ts";
import { assertToken } from "../engine-limits.ts";
import type { NativeBindings } from "./bindings.ts";
import { viewMemory } from "./native-memory.ts";
import type { Pointer } from "./structs.ts";

/** `LLAMA_TOKEN_NULL` */
const noToken = -1;
const noBytes = new Uint8Array(0);

/** The tokenizer of a loaded model; lives as long as the model does. */
export class LlamaVocabulary implements Vocabulary, Disposable {
	readonly size: number;
	readonly bos: number | null;
	readonly eos: number | null;
	readonly addsBos: boolean;
	readonly fillInMiddle: FillInMiddleTokens | null;
	/** Tokens that the model's file wants never generated. */
	readonly suppressedTokens: readonly number[];
	readonly #native: NativeBindings;
	#address: Pointer | null;
	#endOfGenerationTokens: ReadonlySet<number> | null = null;
	readonly #pieces: PieceCache;
	#pieceBuffer = new Uint8Array(256);

	constructor(native: NativeBindings, address: Pointer) {
		this.#native = native;
		this.#address = address;
		this.size = native.llama_vocab_n_tokens(address);
		this.bos = toTokenOrNull(native.llama_vocab_bos(address));
		this.eos = toTokenOrNull(native.llama_vocab_eos(address));
		this.addsBos = native.llama_vocab_get_add_bos(address);
		this.fillInMiddle = readFillInMiddle(native, address);
		this.suppressedTokens = readSuppressedTokens(native, address);
		this.#pieces = new PieceCache(this.size);
	}

	get address(): Pointer {
		if (this.#address === null)
			throw new GalleyError(
				"engine_error",
				"The vocabulary is disposed; load it again.",
			);
		return this.#address;
	}

	get endOfGenerationTokens(): ReadonlySet<number> {
		if (this.#endOfGenerationTokens !== null)
			return this.#endOfGenerationTokens;
		const { address } = this;
		const tokens = new Set<number>();
		for (let token = 0; token < this.size; token++) {
			if (this.#native.llama_vocab_is_eog(address, token)) tokens.add(token);
		}
		this.#endOfGenerationTokens = tokens;
		return tokens;
	}

	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array {
		const { addSpecial, parseSpecial } = options;
		const { address } = this;
		// Lone surrogates become U+FFFD here.
		const bytes = Buffer.from(text, "utf8");
		let tokens = new Int32Array(
			Math.min(bytes.length, 1024 + (bytes.length >> 1)) + 8,
		);
		for (;;) {
			const count = this.#native.llama_tokenize(
				address,
				bytes,
				bytes.length,
				tokens,
				tokens.length,
				addSpecial,
				parseSpecial,
			);
			if (count >= 0) return tokens.slice(0, count);
			if (-count <= tokens.length) {
				throw new GalleyError(
					"invalid_request",
					"The text is too long to tokenize; send less than two billion tokens.",
				);
			}
			tokens = new Int32Array(-count);
		}
	}

	/** A view of a cache: don't write to it. */
	tokenBytes(token: number, renderSpecial: boolean): Uint8Array {
		assertToken(token, this.size);
		const cached = this.#pieces.get(token, renderSpecial);
		if (cached !== null) return cached;
		const piece = this.#readPiece(token, true);
		const isHidden =
			piece.length > 0 && this.#readPiece(token, false).length === 0;
		this.#pieces.put(token, piece, isHidden);
		return isHidden && !renderSpecial ? noBytes : piece;
	}

	[Symbol.dispose](): void {
		this.#address = null;
	}

	#readPiece(token: number, renderSpecial: boolean): Uint8Array {
		for (;;) {
			const buffer = this.#pieceBuffer;
			const length = this.#native.llama_token_to_piece(
				this.address,
				token,
				buffer,
				buffer.length,
				0,
				renderSpecial,
			);
			if (length >= 0) return buffer.slice(0, length);
			this.#pieceBuffer = new Uint8Array(-length);
		}
	}
}

/** Pieces one after the other in one buffer: 50,000 small arrays would take ten times the memory. */
class PieceCache {
	/** 0 is unknown, otherwise the start in `#bytes` plus 1. */
	readonly #starts: Uint32Array;
	readonly #lengths: Uint16Array;
	readonly #isHidden: Uint8Array;
	#bytes = new Uint8Array(16_384);
	#used = 0;

	constructor(size: number) {
		this.#starts = new Uint32Array(size);
		this.#lengths = new Uint16Array(size);
		this.#isHidden = new Uint8Array(size);
	}

	get(token: number, renderSpecial: boolean): Uint8Array | null {
		const start = this.#starts[token] ?? 0;
		if (start === 0) return null;
		if (!renderSpecial && this.#isHidden[token] === 1) return noBytes;
		return this.#bytes.subarray(
			start - 1,
			start - 1 + (this.#lengths[token] ?? 0),
		);
	}

	put(token: number, piece: Uint8Array, isHidden: boolean): void {
		if (piece.length > 0xffff) return;
		if (this.#used + piece.length > this.#bytes.length) {
			const grown = new Uint8Array(2 * this.#bytes.length + piece.length);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes.set(piece, this.#used);
		this.#starts[token] = this.#used + 1;
		this.#lengths[token] = piece.length;
		this.#isHidden[token] = isHidden ? 1 : 0;
		this.#used += piece.length;
	}
}

function toTokenOrNull(token: number): number | null {
	return token === noToken ? null : token;
}

function readFillInMiddle(
	native: NativeBindings,
	vocabulary: Pointer,
): FillInMiddleTokens | null {
	const prefix = toTokenOrNull(native.llama_vocab_fim_pre(vocabulary));
	const suffix = toTokenOrNull(native.llama_vocab_fim_suf(vocabulary));
	const middle = toTokenOrNull(native.llama_vocab_fim_mid(vocabulary));
	return prefix === null || suffix === null || middle === null
		? null
		: { prefix, suffix, middle };
}

function readSuppressedTokens(
	native: NativeBindings,
	vocabulary: Pointer,
): number[] {
	const count = new Int32Array(1);
	const address = native.llama_vocab_get_suppress_tokens(vocabulary, count);
	if (address === null || count[0] === undefined || count[0] <= 0) return [];
	return [...new Int32Array(viewMemory(address, 4 * count[0]))];
}
