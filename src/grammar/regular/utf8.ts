import type { Nfa } from "./nfa.ts";

/** First and last code point. */
export type CodePointRange = readonly [first: number, last: number];

export const lastCodePoint = 0x10_ff_ff;
export const everyCodePoint: readonly CodePointRange[] = [[0, lastCodePoint]];

/** Ranges of code points whose encodings are equally long, without surrogates, which have none. */
const encodable: readonly CodePointRange[] = [
	[0, 0x7f],
	[0x80, 0x7_ff],
	[0x8_00, 0xd7_ff],
	[0xe0_00, 0xff_ff],
	[0x1_00_00, lastCodePoint],
];

/** Adds a fragment that reads the UTF-8 encoding of one code point out of the ranges. */
export function addCodePoints(
	nfa: Nfa,
	ranges: readonly CodePointRange[],
	from: number,
	to: number,
): void {
	for (const [first, last] of ranges)
		for (const [low, high] of encodable)
			if (first <= high && last >= low)
				addRange(nfa, Math.max(first, low), Math.min(last, high), from, to);
}

function addRange(
	nfa: Nfa,
	first: number,
	last: number,
	from: number,
	to: number,
): void {
	const length =
		first < 0x80 ? 1 : first < 0x8_00 ? 2 : first < 0x1_00_00 ? 3 : 4;
	split(first, last, length - 1, (low, high) =>
		addSequence(nfa, encode(low, length), encode(high, length), from, to),
	);
}

/** Splits a range until in each part the trailing bytes run over all that lies between those of its ends. */
function split(
	first: number,
	last: number,
	trailing: number,
	add: (first: number, last: number) => void,
): void {
	for (let count = 1; count <= trailing; count++) {
		const mask = 64 ** count - 1;
		if (Math.floor(first / 64 ** count) === Math.floor(last / 64 ** count))
			continue;
		if ((first & mask) !== 0) {
			split(first, first | mask, trailing, add);
			split((first | mask) + 1, last, trailing, add);
			return;
		}
		if ((last & mask) !== mask) {
			split(first, (last & ~mask) - 1, trailing, add);
			split(last & ~mask, last, trailing, add);
			return;
		}
	}
	add(first, last);
}

function encode(codePoint: number, length: number): number[] {
	if (length === 1) return [codePoint];
	const lead = [0, 0, 0xc0, 0xe0, 0xf0][length] as number;
	const bytes = [lead | (codePoint >> (6 * (length - 1)))];
	for (let rest = length - 2; rest >= 0; rest--)
		bytes.push(0x80 | ((codePoint >> (6 * rest)) & 0x3f));
	return bytes;
}

function addSequence(
	nfa: Nfa,
	low: readonly number[],
	high: readonly number[],
	from: number,
	to: number,
): void {
	let at = from;
	for (const [position, byte] of low.entries()) {
		const next = position === low.length - 1 ? to : nfa.addState();
		nfa.addBytes(at, byte, high[position] as number, next);
		at = next;
	}
}
