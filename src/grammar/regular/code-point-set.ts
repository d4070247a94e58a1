import { type CodePointRange, everyCodePoint, lastCodePoint } from "./utf8.ts";

/** Sorted, without overlaps, neighbours joined. */
export function normalised(
	ranges: readonly CodePointRange[],
): CodePointRange[] {
	const joined: [number, number][] = [];
	for (const [first, last] of [...ranges].sort(
		(left, right) => left[0] - right[0],
	)) {
		const previous = joined.at(-1);
		if (previous !== undefined && first <= previous[1] + 1)
			previous[1] = Math.max(previous[1], last);
		else joined.push([first, last]);
	}
	return joined;
}

/** All code points that are in none of the ranges. */
export function negated(ranges: readonly CodePointRange[]): CodePointRange[] {
	const rest: CodePointRange[] = [];
	let next = 0;
	for (const [first, last] of normalised(ranges)) {
		if (first > next) rest.push([next, first - 1]);
		next = last + 1;
	}
	if (next <= lastCodePoint) rest.push([next, lastCodePoint]);
	return rest;
}

const digits: readonly CodePointRange[] = [[0x30, 0x39]];
const wordCharacters: readonly CodePointRange[] = [
	[0x30, 0x39],
	[0x41, 0x5a],
	[0x5f, 0x5f],
	[0x61, 0x7a],
];
/** ECMA-262's WhiteSpace and LineTerminator. */
const spaces: readonly CodePointRange[] = [
	[0x09, 0x0d],
	[0x20, 0x20],
	[0xa0, 0xa0],
	[0x16_80, 0x16_80],
	[0x20_00, 0x20_0a],
	[0x20_28, 0x20_29],
	[0x20_2f, 0x20_2f],
	[0x20_5f, 0x20_5f],
	[0x30_00, 0x30_00],
	[0xfe_ff, 0xfe_ff],
];
const lineEnds: readonly CodePointRange[] = [
	[0x0a, 0x0a],
	[0x0d, 0x0d],
	[0x20_28, 0x20_29],
];

/** What `\d`, `\D`, `\w`, `\W`, `\s`, `\S` and `.` stand for. */
export const classEscapes: Readonly<Record<string, readonly CodePointRange[]>> =
	{
		d: digits,
		D: negated(digits),
		w: wordCharacters,
		W: negated(wordCharacters),
		s: spaces,
		S: negated(spaces),
		".": negated(lineEnds),
		any: everyCodePoint,
	};

/**
 * The code points of a Unicode property such as `L`, `Letter` or `Script=Greek`, by the JavaScript engine's own tables; null
 * when it knows no such property.
 */
export function unicodeProperty(name: string): CodePointRange[] | null {
	if (!/^\w+(?:=\w+)?$/.test(name)) return null;
	let pattern: RegExp;
	try {
		pattern = new RegExp(`\\p{${name}}+`, "gu");
	} catch (error) {
		if (error instanceof SyntaxError) return null;
		throw error;
	}
	const ranges: CodePointRange[] = [];
	// Whole stretches at a time, so that runs are found by the engine's own loop.
	for (const [first, last] of [
		[0, 0xd7_ff],
		[0xe0_00, 0xff_ff],
		[0x1_00_00, lastCodePoint],
	] as const) {
		const unitsEach = first > 0xff_ff ? 2 : 1;
		for (const run of textOf(first, last).matchAll(pattern)) {
			const begin = first + run.index / unitsEach;
			ranges.push([begin, begin + run[0].length / unitsEach - 1]);
		}
	}
	return normalised(ranges);
}

/** All code points from first to last, either all or none of them in the basic plane. */
function textOf(first: number, last: number): string {
	if (first <= 0xff_ff) {
		const units = Uint16Array.from(
			{ length: last - first + 1 },
			(_, offset) => first + offset,
		);
		return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(units);
	}
	const units = new Uint16Array(2 * (last - first + 1));
	for (let offset = 0; offset <= last - first; offset++) {
		const beyond = first + offset - 0x1_00_00;
		units[2 * offset] = 0xd8_00 + (beyond >> 10);
		units[2 * offset + 1] = 0xdc_00 + (beyond & 0x3_ff);
	}
	return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(units);
}
