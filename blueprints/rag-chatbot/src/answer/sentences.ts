/** A sentence and its place in the text that it was cut from. */
export interface Sentence {
	text: string;
	start: number;
	end: number;
}

const shortest = 12;

/** Sentences of paragraphs, list items and table rows of a Markdown text, without headings and code. */
export function readSentences(markdown: string): Sentence[] {
	return readBlocks(markdown).flatMap(({ start, text }) =>
		cutSentences(text).flatMap(({ from, to }) => {
			const place = withoutDanglingMarks(text, from, to);
			const sentence = text.slice(place.start, place.end);
			return sentence.length < shortest || !isProse(sentence)
				? []
				: [
						{
							text: sentence,
							start: start + place.start,
							end: start + place.end,
						},
					];
		}),
	);
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

interface Block {
	start: number;
	/** As long as in the document, line ends as spaces: a sentence may run over several lines. */
	text: string;
}

const fence = /^\s*(```|~~~)/;

/** The first fence closes what was opened before the passage begins. */
function beginsInCode(lines: readonly string[]): boolean {
	const fences = lines.filter((line) => fence.test(line));
	return fences.length % 2 === 1 && /^\s*(```|~~~)\s*$/.test(fences[0] ?? "");
}

const listMark = /^\s*(?:[-*+>]\s+|\d+[.)]\s+)+/;

function readBlocks(markdown: string): Block[] {
	const blocks: Block[] = [];
	let open: Block | null = null;
	const lines = markdown.split("\n");
	let isCode = beginsInCode(lines);
	let at = 0;
	for (const line of lines) {
		const start = at;
		at += line.length + 1;
		const isFence = fence.test(line);
		// Indented by four where no paragraph goes on: that is code, too.
		const isIndented = open === null && /^(?: {4}|\t)/.test(line);
		const isOther =
			isCode ||
			isIndented ||
			/^\s*(#{1,6}\s|\|?[\s:|-]+$)/.test(line) ||
			line.trim() === "";
		if (isFence) isCode = !isCode;
		if (isFence || isOther) {
			open = null;
			continue;
		}
		const mark = listMark.exec(line)?.[0].length ?? 0;
		const isRow = /^\s*\|/.test(line);
		if (open !== null && mark === 0 && !isRow) {
			open.text += ` ${line}`;
			continue;
		}
		const block = { start: start + mark, text: line.slice(mark) };
		blocks.push(block);
		open = isRow ? null : block;
	}
	return blocks;
}

function segmenter(): Intl.Segmenter {
	return new Intl.Segmenter(undefined, { granularity: "sentence" });
}

const codeSpan = /(?<![`\\])(`+)(?!`)([\s\S]*?[^`])\1(?!`)/;

/**
 * A piece of Markdown as one line that reads well as it is and as Markdown: marks of blocks and emphasis go, links keep
 * their words, cells of a table stand one behind the other, code stays code.
 */
export function quoteText(markdown: string): string {
	const lines = markdown.split("\n").flatMap((line) => {
		if (/^\s*\|?[\s:|-]+$/.test(line) || /^\s*(```|~~~)/.test(line)) return [];
		return [line.replace(blockMarks, "")];
	});
	const row = lines.every((line) => /^\s*\|/.test(line));
	const words = eachPart(lines.join(" "), (text) =>
		withoutMarks(row ? text.replace(/(?<!\\)\|/g, " · ") : text),
	);
	return words
		.replace(/\s+/g, " ")
		.replace(/^(?:[\s·>|*_~]|#{1,6}\s)+|[\s·|*_~]+$/g, "");
}

const blockMarks = /^\s*(?:[-*+>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)+/;

/** Code spans as they are, what is between them changed. A back-tick without a partner goes. */
function eachPart(text: string, change: (text: string) => string): string {
	const found = codeSpan.exec(text);
	if (found === null) return change(text).replace(/(?<!\\)`+/g, "");
	const before = text.slice(0, found.index);
	const after = text.slice(found.index + found[0].length);
	return `${change(before).replace(/(?<!\\)`+/g, "")}${found[0].replaceAll("\\|", "|")}${eachPart(after, change)}`;
}

function withoutMarks(text: string): string {
	return text
		.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
		.replace(/\[([^\]]+)\]\[[^\]]*\]/g, "$1")
		.replace(
			/<\/?(?:b|i|em|strong|kbd|sub|sup|span|p|br|a|img|u|s)\b[^>]*>/gi,
			" ",
		)
		.replace(/(?<!\\)(?:\*{2,}|~~)/g, "")
		.replace(emphasis("_"), "$1")
		.replace(emphasis("\\*"), "$1")
		.replace(/\\([\\`*_{}[\]()#+.!|>~-])/g, "$1")
		.replace(/\\([\\`*_{}[\]()#+.!|>~-])/g, "$1");
}

/** What one mark on either side emphasises. Within a word it is part of it: kv_cache, 2*3. */
function emphasis(mark: string): RegExp {
	return new RegExp(
		`(?<![\\\\\\p{L}\\p{N}${mark}])${mark}{1,3}(?=\\S)([^${mark}]*\\S)${mark}{1,3}(?![\\p{L}\\p{N}${mark}])`,
		"gu",
	);
}
