import type { TokenTexts } from "./token-texts.ts";

const nothing = new Uint8Array(0);

/**
 * Tokens in, text out, for one choice. A character arrives in one piece: bytes that may still become one are held, and
 * bytes that cannot become one turn into U+FFFD. All texts together, `flush` included, equal what a `TextDecoder` that
 * keeps byte order marks makes of all bytes together.
 */
export class IncrementalDetokenizer {
	readonly #texts: TokenTexts;
	/** The first bytes of a character, at most three. */
	#held: Uint8Array = nothing;

	constructor(texts: TokenTexts) {
		this.#texts = texts;
	}

	push(token: number): string {
		const text = this.#texts.text(token);
		return text !== null && this.#held.length === 0
			? text
			: this.#pushBytes(this.#texts.bytes(token));
	}

	/** What is held when the stream ends is no character any more. */
	flush(): string {
		const held = this.#held;
		this.#held = nothing;
		return held.length === 0 ? "" : this.#texts.decode(held);
	}

	#pushBytes(bytes: Uint8Array): string {
		// A token without text, such as a hidden control token, does not end the character that is held.
		if (bytes.length === 0) return "";
		const joined = join(this.#held, bytes);
		const end = joined.length - incompleteTailLength(joined);
		this.#held = end === joined.length ? nothing : joined.slice(end);
		return end === 0 ? "" : this.#texts.decode(joined.subarray(0, end));
	}
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
	if (left.length === 0) return right;
	const joined = new Uint8Array(left.length + right.length);
	joined.set(left);
	joined.set(right, left.length);
	return joined;
}

/**
 * How many bytes at the end could be the beginning of a character (0 to 3).
 * Well-formed sequences: Unicode Standard, table 3-7.
 */
export function incompleteTailLength(bytes: Uint8Array): number {
	const longest = Math.min(3, bytes.length);
	for (let length = 1; length <= longest; length++) {
		const lead = bytes[bytes.length - length] as number;
		const isContinuation = (lead & 0xc0) === 0x80;
		if (isContinuation) continue;
		const isCut = characterLength(lead) > length;
		const second = bytes[bytes.length - length + 1];
		return isCut && (second === undefined || maySecondByteBe(lead, second))
			? length
			: 0;
	}
	return 0;
}

/** Bytes of the character that starts so; 0 where no character starts so. */
function characterLength(lead: number): number {
	if (lead < 0x80) return 1;
	if (lead < 0xc2) return 0;
	if (lead < 0xe0) return 2;
	if (lead < 0xf0) return 3;
	return lead < 0xf5 ? 4 : 0;
}

/** Rules out overlong forms, surrogates and what lies beyond U+10FFFF; other continuation bytes have the full range. */
function maySecondByteBe(lead: number, second: number): boolean {
	if (lead === 0xe0) return second >= 0xa0;
	if (lead === 0xed) return second < 0xa0;
	if (lead === 0xf0) return second >= 0x90;
	if (lead === 0xf4) return second < 0x90;
	return true;
}
