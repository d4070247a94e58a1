import type { Block } from "./passage-blocks.ts";
import { quoteText } from "./quote-text.ts";
import { sentencesOf } from "./sentences.ts";

/** A piece of a passage that may be quoted: a sentence, a list item, a row of a table, a command with what it printed. */
export interface Quotable {
	/** What it is judged by. */
	text: string;
	/** The places of its first and last block among the passage's. */
	first: number;
	last: number;
	/** Its place in the passage's text. */
	start: number;
	end: number;
}

const shortestCode = 8;

export function readQuotables(blocks: readonly Block[]): Quotable[] {
	return blocks.flatMap((block, index) => {
		const pieces =
			block.kind === "code" ? commandsOf(block) : sentencesOf(block);
		return pieces
			.filter(({ text, start }) => {
				// A passage may be cut out of the middle of a sentence or a program.
				if (index === 0 && start === block.start && /^\p{Ll}/u.test(text))
					return block.kind !== "prose";
				// What is announced must be there.
				return !announces(text) || hasFollowing(blocks, index);
			})
			.map((piece) => ({ ...piece, first: index, last: index }));
	});
}

/** A program can be quoted behind what introduces it; alone it says nothing. Commands do. */
function commandsOf(block: Block) {
	return isShell(block) ? piecesOfCode(block) : [];
}

const shells = new Set(["console", "bash", "sh", "shell", "zsh"]);
/** `galley ps --watch`, `$ ls`: a word and what stands behind it, nothing that a program's line ends with. */
const command = /^\s*(?:\$ .*|[a-z][\w./-]*(?:\s.*[^\s{(,:;])?)$/;

function isShell({ language, text }: Block): boolean {
	return (
		shells.has(language) ||
		(language === "" && (/^\$ /m.test(text) || isEachCommand(text)))
	);
}

const longestCode = 12;

/** A terminal's session command by command, other code whole or, where it is long, as blank lines part it. */
function piecesOfCode({ start, text }: Block) {
	const isLong = text.split("\n").length > longestCode;
	const border = /^\$ /m.test(text)
		? /\n(?=\$ )/
		: isEachCommand(text)
			? /\n/
			: isLong
				? /\n\s*\n/
				: /(?!)/;
	const pieces: { text: string; start: number; end: number }[] = [];
	let at = 0;
	for (const piece of text.split(border)) {
		const from = text.indexOf(piece, at);
		at = from + piece.length;
		// What it printed belongs to the command; of much of it the beginning.
		const shown = piece.split("\n").slice(0, longestCode).join("\n").trimEnd();
		if (shown.trim().length >= shortestCode)
			pieces.push({
				text: shown,
				start: start + from,
				end: start + from + shown.length,
			});
	}
	return pieces;
}

function isEachCommand(text: string): boolean {
	return text.split("\n").every((line) => command.test(line));
}

const shortParagraph = 320;
const mostFollowing = 5;
const pointsBack =
	/^(?:it|its|they|their|them|this|that|these|those|so|then|there|he|she|both|such|otherwise|but|and|or|each)\b/i;

/**
 * As much around it as makes it understood: the whole of a short paragraph, the sentence before one that points back, what
 * follows a colon, what introduces a command.
 */
export function withContext(
	piece: Quotable,
	blocks: readonly Block[],
): Quotable {
	const grown = { ...piece };
	const block = blocks[piece.first];
	if (block === undefined) return grown;
	if (block.kind === "code" || block.kind === "row") {
		const before = blocks[piece.first - 1];
		// What introduces a session speaks of its first command.
		const isFirst = block.kind === "code" && piece.start === block.start;
		if (isFirst && before !== undefined && introduces(before)) {
			grown.first--;
			grown.start = sentencesOf(before).at(-1)?.start ?? before.start;
		}
		return grown;
	}
	const sentences = sentencesOf(block);
	if (block.end - block.start <= shortParagraph && sentences.length > 0) {
		grown.start = Math.min(grown.start, sentences[0]?.start ?? grown.start);
		grown.end = Math.max(grown.end, sentences.at(-1)?.end ?? grown.end);
	} else {
		const index = sentences.findIndex(({ start }) => start === piece.start);
		const before = sentences[index - 1];
		if (before !== undefined && pointsBack.test(piece.text))
			grown.start = before.start;
	}
	const said = block.text.slice(
		grown.start - block.start,
		grown.end - block.start,
	);
	return announces(said) ? withFollowing(grown, blocks) : grown;
}

function introduces({ kind, text }: Block): boolean {
	return kind !== "row" && kind !== "code" && announces(text);
}

function announces(text: string): boolean {
	return /:[*_\s]*$/.test(text);
}

function hasFollowing(blocks: readonly Block[], index: number): boolean {
	const next = blocks[index + 1]?.kind;
	return next !== undefined && next !== "prose";
}

/** The code, list or table that a colon announces, or the beginning of a long one. */
function withFollowing(piece: Quotable, blocks: readonly Block[]): Quotable {
	const kind = blocks[piece.last + 1]?.kind;
	if (kind === undefined || kind === "prose") return piece;
	const most = kind === "code" ? 1 : mostFollowing;
	const following = blocks.slice(piece.last + 1, piece.last + 1 + most);
	const other = following.findIndex((block) => block.kind !== kind);
	const shown = other === -1 ? following : following.slice(0, other);
	const end =
		kind === "code"
			? (shown.flatMap(piecesOfCode)[0]?.end ?? piece.end)
			: (shown.at(-1)?.end ?? piece.end);
	return { ...piece, last: piece.last + shown.length, end };
}

/** As Markdown that stands by itself: prose in one line, items and rows as a list, code in fences. */
export function quoteMarkdown(
	{ start, end, first, last }: Quotable,
	blocks: readonly Block[],
): string {
	const parts = blocks.slice(first, last + 1).map((block) => {
		const from = Math.max(0, start - block.start);
		const to = Math.min(block.text.length, end - block.start);
		const text = block.text.slice(from, to);
		if (block.kind === "code")
			return `\n\n\`\`\`${block.language}\n${withoutIndent(text)}\n\`\`\``;
		const line = quoteText(text);
		return first !== last && block.kind !== "prose" ? `\n- ${line}` : line;
	});
	return parts.join("").trim();
}

function withoutIndent(code: string): string {
	const lines = code.trimEnd().split("\n");
	const indents = lines
		.filter((line) => line.trim() !== "")
		.map((line) => line.length - line.trimStart().length);
	const least = Math.min(...indents);
	return lines.map((line) => line.slice(least)).join("\n");
}

/** Both as one, where nothing but white space and marks of emphasis lies between them; null where something does. */
export function joined(
	one: Quotable,
	other: Quotable,
	text: string,
): Quotable | null {
	const [before, after] =
		one.start <= other.start ? [one, other] : [other, one];
	const isBesides =
		after.start <= before.end ||
		(before.last === after.first &&
			/^[\s*_~]*$/.test(text.slice(before.end, after.start)));
	if (!isBesides) return null;
	return {
		text: text.slice(before.start, Math.max(before.end, after.end)),
		first: before.first,
		last: Math.max(before.last, after.last),
		start: before.start,
		end: Math.max(before.end, after.end),
	};
}
