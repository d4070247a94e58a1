import { quoteText } from "./quote-text.ts";

export type BlockKind = "prose" | "item" | "row" | "code";

/** A paragraph, list item, table row or block of code, and its place in the text that it was read from. */
export interface Block {
	kind: BlockKind;
	start: number;
	end: number;
	/** As long as in the document. Line ends are spaces but in code: a sentence may run over several lines. */
	text: string;
	/** The heading right above it in this text; null where none is. */
	heading: string | null;
	/** What stands behind the fence that opened it: `python`. Empty where nothing does, and for other kinds. */
	language: string;
}

const fence = /^\s*(?:```|~~~)\s*([\w+-]*)/;
const headingMark = /^\s*#{1,6}\s+/;
const ruler = /^\s*\|?[\s:|-]+$/;
const listMark = /^\s*(?:[-*+>]\s+|\d+[.)]\s+)+/;

/** The blocks of a piece of Markdown, without its headings. It may begin and end anywhere, in the middle of code too. */
export function readBlocks(markdown: string): Block[] {
	const blocks: Block[] = [];
	const lines = markdown.split("\n");
	let open: Block | null = null;
	let isCode = beginsInCode(lines);
	// Without a fence that closes it a blank line does.
	const isUnfenced = isCode && !lines.some((line) => fence.test(line));
	let language = "";
	let heading: string | null = null;
	let at = 0;
	for (const line of lines) {
		const start = at;
		at += line.length + 1;
		const opened = fence.exec(line);
		if (opened !== null) {
			isCode = !isCode;
			language = opened[1] ?? "";
			open = null;
			continue;
		}
		if (isUnfenced && line.trim() === "") isCode = false;
		const isIndented: boolean =
			(open === null || open.kind === "code") && /^(?: {4}|\t)/.test(line);
		const kind: BlockKind | null = isCode || isIndented ? "code" : kindOf(line);
		if (kind === null) {
			open = null;
			if (headingMark.test(line)) heading = quoteText(line);
			continue;
		}
		const goesOn =
			open !== null &&
			(kind === "code" ? open.kind === "code" : kind === "prose") &&
			open.kind !== "row";
		if (open !== null && goesOn) {
			open.text += `${kind === "code" ? "\n" : " "}${line}`;
			open.end = start + line.length;
			continue;
		}
		if (line.trim() === "") continue;
		const mark: number =
			kind === "code" ? 0 : (listMark.exec(line)?.[0].length ?? 0);
		open = {
			kind,
			start: start + mark,
			end: start + line.length,
			text: line.slice(mark),
			heading,
			language: kind === "code" ? language : "",
		};
		blocks.push(open);
	}
	return blocks;
}

/** Null for what ends a block and is none. */
function kindOf(line: string): BlockKind | null {
	if (line.trim() === "" || headingMark.test(line) || ruler.test(line))
		return null;
	if (/^\s*\|/.test(line)) return "row";
	return listMark.test(line) ? "item" : "prose";
}

/** The first fence closes what was opened before the passage begins; a prompt without any fence is code cut out of its middle. */
function beginsInCode(lines: readonly string[]): boolean {
	const fences = lines.filter((line) => fence.test(line));
	const [first = ""] = fences;
	if (fences.length % 2 === 1) return /^\s*(```|~~~)\s*$/.test(first);
	return fences.length === 0 && /^\$ /.test(lines[0] ?? "");
}
