import { marked, type Token, type Tokens } from "marked";

/** A piece of a document that is embedded, found and cited as a whole. */
export interface Chunk {
	/** From 0, in reading order. */
	ordinal: number;
	/** The headings above it, outermost first. */
	headings: readonly string[];
	/** Its part of the document's Markdown, whole blocks or sentences. */
	text: string;
	/** Where `text` begins in the document's Markdown, and the place behind its end; overlap included. */
	start: number;
	end: number;
	tokens: number;
}

export interface ChunkLimits {
	/** Tokens of a chunk at most, as the embedding model counts them. */
	maxTokens: number;
	/** About so many tokens of the chunk before are repeated, in whole sentences. */
	overlapTokens: number;
}

/** Counts tokens of several texts, in their order, as the embedding model does. */
export type CountTokens = (texts: readonly string[]) => Promise<number[]>;

interface Block {
	kind: "prose" | "code" | "table" | "list";
	headings: readonly string[];
	start: number;
	end: number;
	tokens: number;
}

/**
 * Cuts a document where its structure does: a heading begins a new chunk once the last one is half full, blocks stay whole
 * where they fit, larger ones are cut between list items, rows, lines or sentences. Every character is in some chunk, but for
 * white space, rules, and headings with nothing below them.
 */
export async function splitChunks(
	markdown: string,
	limits: ChunkLimits,
	countTokens: CountTokens,
): Promise<Chunk[]> {
	const whole = readBlocks(markdown);
	const counts = await countTokens(
		whole.map(({ start, end }) => markdown.slice(start, end)),
	);
	const blocks: Block[] = [];
	for (const [index, block] of whole.entries()) {
		const counted = { ...block, tokens: counts[index] ?? 0 };
		if (counted.tokens <= limits.maxTokens) blocks.push(counted);
		else
			blocks.push(
				...(await cutBlock(counted, markdown, limits.maxTokens, countTokens)),
			);
	}
	return joinBlocks(blocks, markdown, limits);
}

function readBlocks(markdown: string): Omit<Block, "tokens">[] {
	const blocks: Omit<Block, "tokens">[] = [];
	const headings: { depth: number; text: string }[] = [];
	/** Where the headings begin that stand right above the next block: they are its first lines. */
	let headedFrom: number | null = null;
	let at = 0;
	for (const token of marked.lexer(markdown)) {
		// The lexer changes tabs and line ends, so places are found again rather than summed up.
		const start = placeOf(token, markdown, at);
		const end = Math.min(markdown.length, start + token.raw.length);
		at = end;
		if (token.type === "heading") {
			const { depth, text } = token as Tokens.Heading;
			while ((headings.at(-1)?.depth ?? 0) >= depth) headings.pop();
			headings.push({ depth, text: plain(text) });
			headedFrom ??= start;
			continue;
		}
		if (token.type === "space") continue;
		if (token.type === "hr") {
			// It stands in the text of a chunk that goes on behind it, so it counts there.
			headedFrom ??= start;
			continue;
		}
		const block = trimmed(markdown, start, end);
		if (block.start >= block.end) continue;
		block.start = headedFrom ?? block.start;
		headedFrom = null;
		blocks.push({
			kind: kindOf(token),
			headings: headings.map(({ text }) => text),
			...block,
		});
	}
	return blocks;
}

function placeOf(token: Token, markdown: string, from: number): number {
	const found = markdown.indexOf(token.raw.slice(0, 64), from);
	return found === -1 ? from : found;
}

function kindOf({ type }: Token): Block["kind"] {
	if (type === "code" || type === "table" || type === "list") return type;
	return "prose";
}

function plain(text: string): string {
	return text
		.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
		.replace(/[*_`]+/g, "")
		.trim();
}

function trimmed(
	text: string,
	start: number,
	end: number,
): { start: number; end: number } {
	const piece = text.slice(start, end);
	const left = piece.length - piece.trimStart().length;
	return { start: start + left, end: start + piece.trimEnd().length };
}

/** Where a block that is too large may be cut, best first. */
const cuts: Record<Block["kind"], readonly RegExp[]> = {
	list: [/\n(?=\s*(?:[-*+]|\d+[.)])\s)/g],
	table: [/\n/g],
	code: [/\n(?=\S)/g, /\n/g],
	prose: [/\n\s*\n/g],
};
const anyCuts = [
	/(?<=[.!?…。！？]["'”’)\]*_~]*)\s+(?=\S)/gu,
	/\n/g,
	/(?<=[;:,])\s+/g,
	/\s+/g,
];

async function cutBlock(
	block: Block,
	markdown: string,
	maxTokens: number,
	countTokens: CountTokens,
): Promise<Block[]> {
	for (const cut of [...cuts[block.kind], ...anyCuts]) {
		const parts = split(block, markdown, cut);
		if (parts.length < 2) continue;
		return settle(parts, markdown, maxTokens, countTokens);
	}
	// One word that is longer than a chunk: a data URL, or a language without spaces.
	const length = block.end - block.start;
	const share = Math.max(
		1,
		Math.floor((length * maxTokens * 0.9) / block.tokens),
	);
	const parts = Array.from({ length: Math.ceil(length / share) }, (_, index) =>
		codePointSafe(markdown, {
			...block,
			start: block.start + index * share,
			end: Math.min(block.end, block.start + (index + 1) * share),
		}),
	);
	const counts = await countTokens(
		parts.map(({ start, end }) => markdown.slice(start, end)),
	);
	return parts.map((part, index) => ({ ...part, tokens: counts[index] ?? 0 }));
}

async function settle(
	parts: readonly Block[],
	markdown: string,
	maxTokens: number,
	countTokens: CountTokens,
): Promise<Block[]> {
	const counts = await countTokens(
		parts.map(({ start, end }) => markdown.slice(start, end)),
	);
	const settled: Block[] = [];
	for (const [index, part] of parts.entries()) {
		const counted = { ...part, tokens: counts[index] ?? 0 };
		if (counted.tokens <= maxTokens) settled.push(counted);
		else
			settled.push(
				...(await cutBlock(counted, markdown, maxTokens, countTokens)),
			);
	}
	return settled;
}

function split(block: Block, markdown: string, cut: RegExp): Block[] {
	const text = markdown.slice(block.start, block.end);
	const parts: Block[] = [];
	let from = 0;
	for (const { index, 0: found } of text.matchAll(cut)) {
		if (index + found.length <= from) continue;
		const part = trimmed(markdown, block.start + from, block.start + index);
		if (part.start < part.end) parts.push({ ...block, ...part });
		from = index + found.length;
	}
	const last = trimmed(markdown, block.start + from, block.end);
	if (last.start < last.end) parts.push({ ...block, ...last });
	return parts;
}

/** No half of a surrogate pair at an end. */
function codePointSafe(text: string, block: Block): Block {
	const isLow = (index: number) => {
		const unit = text.charCodeAt(index);
		return unit >= 0xdc00 && unit <= 0xdfff;
	};
	return {
		...block,
		start: isLow(block.start) ? block.start + 1 : block.start,
		end: isLow(block.end) ? block.end + 1 : block.end,
	};
}

function joinBlocks(
	blocks: readonly Block[],
	markdown: string,
	{ maxTokens, overlapTokens }: ChunkLimits,
): Chunk[] {
	const chunks: Chunk[] = [];
	let open: Block[] = [];
	let fresh = 0;
	const tokensOf = (list: readonly Block[]) =>
		list.reduce((sum, { tokens }) => sum + tokens, 0);
	const close = () => {
		if (fresh === 0) return;
		const [first] = open as [Block];
		const last = open.at(-1) as Block;
		chunks.push({
			ordinal: chunks.length,
			headings: (open[open.length - fresh] as Block).headings,
			text: markdown.slice(first.start, last.end),
			start: first.start,
			end: last.end,
			tokens: tokensOf(open),
		});
		// What is repeated are the last blocks that fit, of the same section.
		const kept: Block[] = [];
		for (const block of open.toReversed()) {
			if (tokensOf(kept) + block.tokens > overlapTokens) break;
			kept.unshift(block);
		}
		open = kept;
		fresh = 0;
	};
	for (const block of blocks) {
		const before = open.at(-1);
		const isNewSection =
			before !== undefined && !isSame(before.headings, block.headings);
		if (isNewSection && (fresh === 0 || tokensOf(open) >= maxTokens / 2)) {
			close();
			open = [];
		}
		if (tokensOf(open) + block.tokens > maxTokens) {
			close();
			if (tokensOf(open) + block.tokens > maxTokens) open = [];
		}
		open.push(block);
		fresh++;
	}
	close();
	return chunks;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
	return one.length === other.length && one.every((h, i) => h === other[i]);
}
