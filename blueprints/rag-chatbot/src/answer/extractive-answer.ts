import type { FoundPassage } from "./passage.ts";
import { type Block, readBlocks } from "./passage-blocks.ts";
import {
	joined,
	type Quotable,
	quoteMarkdown,
	readQuotables,
	withContext,
} from "./quotable.ts";
import { quoteText } from "./quote-text.ts";
import { sameWords, sharedWords } from "./shared-words.ts";

export interface Quote {
	/** Markdown: a line, a list, or a command in fences. */
	text: string;
	/** The passage it stands in, from 1. */
	passage: number;
	/** Its place in the passage's text. */
	start: number;
	end: number;
}

/** How relevant each text is to the question, as a logit; greater is better. */
export type Rank = (texts: readonly string[]) => Promise<readonly number[]>;

const mostCandidates = 48;
const mostQuotes = 3;
/** A further one must be nearly as good as the best. */
const closeToBest = 0.75;

interface Candidate {
	piece: Quotable;
	passage: number;
	blocks: readonly Block[];
	/** What it is judged by: the headings above it say what it speaks of. */
	text: string;
	/** Of the question's words: 0 to 1. */
	shared: number;
	/** How much the heading above it is the question: 0 to 1. */
	asked: number;
}

/**
 * An answer without a language model: the pieces of the passages that fit the question best, the best first. They are judged
 * by the words that they share with the question and, where one is at hand, by a reranker.
 */
export async function extractiveAnswer(
	question: string,
	passages: readonly FoundPassage[],
	rank: Rank | null,
): Promise<Quote[]> {
	// A reranker takes its time for each: it judges what shares words, and the beginnings of the best passages.
	const candidates = passages
		.flatMap((passage, index) => readCandidates(question, passage, index + 1))
		.toSorted(
			(one, other) => other.shared - one.shared || one.passage - other.passage,
		)
		.slice(0, mostCandidates);
	if (candidates.length === 0) return [];
	const logits =
		rank === null ? null : await rank(candidates.map(({ text }) => text));
	const scored = candidates
		.map((candidate, index) => ({
			candidate,
			score: score(candidate, passages, logits?.[index] ?? null),
		}))
		.toSorted((one, other) => other.score - one.score);
	const least = closeToBest * (scored[0]?.score ?? 0);
	const quotes: { quote: Quotable; of: Candidate }[] = [];
	for (const { candidate, score } of scored) {
		if (score <= 0 || score < least) break;
		const quote = withContext(candidate.piece, candidate.blocks);
		if (isJoined(quotes, quote, candidate, passages)) continue;
		if (quotes.length === mostQuotes) break;
		quotes.push({ quote, of: candidate });
	}
	// The best one first, and with it the others of its passage as they stand there.
	const placeOf = (passage: number) =>
		quotes.findIndex(({ of }) => of.passage === passage);
	return quotes
		.toSorted(
			(one, other) =>
				placeOf(one.of.passage) - placeOf(other.of.passage) ||
				one.quote.start - other.quote.start,
		)
		.map(({ quote, of: { passage, blocks } }) => ({
			text: quoteMarkdown(quote, blocks),
			passage,
			start: quote.start,
			end: quote.end,
		}))
		.filter(
			// Two pages may say the same in the same words.
			({ text }, index, all) =>
				all.findIndex((other) => other.text === text) === index,
		);
}

/** What follows a quote, or is part of it, is no quote of its own. */
function isJoined(
	quotes: { quote: Quotable; of: Candidate }[],
	quote: Quotable,
	{ passage }: Candidate,
	passages: readonly FoundPassage[],
): boolean {
	const text = passages[passage - 1]?.text ?? "";
	for (const other of quotes) {
		if (other.of.passage !== passage) continue;
		const both = joined(other.quote, quote, text);
		if (both === null) continue;
		other.quote = both;
		return true;
	}
	return false;
}

/** The three parts weigh the same; chosen on articles that are not Galley's. */
function score(
	{ shared, asked, passage }: Candidate,
	passages: readonly FoundPassage[],
	logit: number | null,
): number {
	const own = shared + asked ** 2;
	if (logit === null) return own;
	const relevance = passages[passage - 1]?.relevance ?? 0;
	return own + logistic(logit - 2) + logistic(relevance - 3);
}

function readCandidates(
	question: string,
	{ text, headings }: FoundPassage,
	passage: number,
): Candidate[] {
	const blocks = readBlocks(text);
	// The first is the document's own title.
	const [, ...below] = headings;
	return readQuotables(blocks).map((piece) => {
		const heading = blocks[piece.first]?.heading ?? null;
		const above = heading ?? below.join(". ");
		const isCode = blocks[piece.first]?.kind === "code";
		const own = isCode ? piece.text : quoteText(piece.text);
		const whole = above === "" ? own : `${above}: ${own}`;
		const shared =
			(sharedWords(question, own) + sharedWords(question, whole)) / 2;
		const asked = sameWords(question, heading ?? headings.at(-1) ?? "");
		return { piece, passage, blocks, text: whole, shared, asked };
	});
}

function logistic(logit: number): number {
	return 1 / (1 + Math.exp(-logit));
}
