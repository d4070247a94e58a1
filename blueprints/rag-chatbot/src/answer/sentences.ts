import { type Block, readBlocks } from "./passage-blocks.ts";

/** A sentence and its place in the text that it was cut from. */
export interface Sentence {
	text: string;
	start: number;
	end: number;
}

const shortest = 12;

/** Sentences of paragraphs, list items and table rows of a Markdown text, without headings and code. */
export function readSentences(markdown: string): Sentence[] {
	return readBlocks(markdown).flatMap((block) =>
		block.kind === "code" ? [] : sentencesOf(block),
	);
}

/** Those of one block that is not code; their places are in the text that the block was read from. */
export function sentencesOf({ start, text }: Block): Sentence[] {
	return cutSentences(text).flatMap(({ from, to }) => {
		const place = withoutDanglingMarks(text, from, to);
		const sentence = text.slice(place.start, place.end);
		if (sentence.length < shortest || !isProse(sentence)) return [];
		return [
			{ text: sentence, start: start + place.start, end: start + place.end },
		];
	});
}

const leastLetters = 0.78;

/** A passage cut out of the middle of a program doesn't say that it is one: it looks like it. */
function isProse(sentence: string): boolean {
	// Code in a sentence is a word of it.
	const words = sentence.replace(/`[^`]+`/g, "code").replace(/[*_~|]/g, "");
	const letters = words.match(/[\p{L}\p{N}\s]/gu)?.length ?? 0;
	return letters >= leastLetters * words.length && !/^\s*[$>] /.test(words);
}

/** Marks that end what is emphasised belong to the sentence before them: `**First.** Second.` */
const closingMarks = /^[*_~]+(?=\s|$)/;

function cutSentences(text: string): { from: number; to: number }[] {
	const sentences: { from: number; to: number }[] = [];
	for (const { segment, index } of segmenter().segment(text)) {
		const last = sentences.at(-1);
		const closing = closingMarks.exec(segment)?.[0].length ?? 0;
		if (last !== undefined && closing > 0) last.to = index + closing;
		const isInsideCode =
			last !== undefined &&
			isOdd(text.slice(last.from, index + closing), /`+/g);
		const to = index + segment.length;
		// Code is never cut: `Use \`a. B\` here.` is one sentence.
		if (isInsideCode) last.to = to;
		else if (closing < segment.length)
			sentences.push({ from: index + closing, to });
	}
	return sentences;
}

function isOdd(text: string, mark: RegExp): boolean {
	return (text.match(mark)?.length ?? 0) % 2 === 1;
}

const openedMarks = /^(?:\s+|\*+|_+|~~|`+)/;
const closedMarks = /(?:\s+|\*+|_+|~~|`+)$/;

/**
 * The place without marks at its ends whose partners lie outside: a passage that was cut within something emphasised begins
 * or ends with them. `from` and `to` are places in `text`.
 */
export function withoutDanglingMarks(
	text: string,
	from: number,
	to: number,
): { start: number; end: number } {
	let start = from;
	let end = to;
	for (;;) {
		const piece = text.slice(start, end);
		const first = openedMarks.exec(piece)?.[0] ?? "";
		const last = closedMarks.exec(piece)?.[0] ?? "";
		if (first !== "" && isLoose(piece, first)) start += first.length;
		else if (last !== "" && isLoose(piece, last)) end -= last.length;
		else return { start, end };
	}
}

/** White space is; a mark is where its number is odd: one of them has no partner. */
function isLoose(piece: string, mark: string): boolean {
	if (mark.trim() === "") return true;
	// A star that begins a list item has no partner either, and is none of these.
	if (/^[*+-]\s/.test(piece) && mark === "*") return false;
	return piece.split(mark).length % 2 === 0;
}

function segmenter(): Intl.Segmenter {
	return new Intl.Segmenter(undefined, { granularity: "sentence" });
}
