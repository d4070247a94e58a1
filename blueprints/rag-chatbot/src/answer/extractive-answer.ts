import type { FoundPassage } from "./passage.ts";
import { quoteText, readSentences, type Sentence } from "./sentences.ts";

export interface QuotedSentence {
	/** One line, without Markdown's marks but for code. */
	text: string;
	/** The passage it stands in, from 1. */
	passage: number;
	/** Its place in the passage's text. */
	start: number;
	end: number;
}

/** How relevant each text is to the question; greater is better. */
export type Rank = (texts: readonly string[]) => Promise<readonly number[]>;

const mostCandidates = 48;
const mostSentences = 3;
/** A further sentence must be nearly as good as the best one. */
const closeToBest = 0.5;

/**
 * An answer without a language model: the sentences of the passages that fit the question best, in the order in which
 * they stand. Where a reranker is at hand it decides, otherwise the words they share with the question.
 */
export async function extractiveAnswer(
	question: string,
	passages: readonly FoundPassage[],
	rank: Rank | null,
): Promise<QuotedSentence[]> {
	const candidates = passages.flatMap((passage, index) =>
		readSentences(passage.text).map((sentence) => ({
			sentence,
			passage: index + 1,
			words: sharedWords(question, sentence.text),
		})),
	);
	// A reranker takes its time for each: it judges what shares words, and the beginnings of the best passages.
	const short = candidates
		.toSorted(
			(one, other) => other.words - one.words || one.passage - other.passage,
		)
		.slice(0, mostCandidates);
	if (short.length === 0) return [];
	const scores =
		rank === null
			? short.map(({ words }) => words)
			: (await rank(short.map(({ sentence }) => sentence.text))).map(sigmoid);
	const best = Math.max(...scores);
	if (best <= 0) return [];
	return short
		.map((candidate, index) => ({ ...candidate, score: scores[index] ?? 0 }))
		.filter(({ score }) => score >= closeToBest * best)
		.toSorted((one, other) => other.score - one.score)
		.slice(0, mostSentences)
		.toSorted(
			(one, other) =>
				one.passage - other.passage ||
				one.sentence.start - other.sentence.start,
		)
		.reduce<Quotable[]>((quotes, next) => joined(quotes, next, passages), [])
		.map(({ sentence, passage }) => quote(sentence, passage));
}

interface Quotable {
	sentence: Sentence;
	passage: number;
}

/** Sentences that follow each other are one quote, with one citation. */
function joined(
	quotes: readonly Quotable[],
	{ sentence, passage }: Quotable,
	passages: readonly FoundPassage[],
): Quotable[] {
	const last = quotes.at(-1);
	const whole = passages[passage - 1]?.text ?? "";
	const follows =
		last?.passage === passage &&
		// Rows of a table are sentences of their own.
		!sentence.text.startsWith("|") &&
		// White space and marks of emphasis, within one paragraph.
		/^[ \t*_~]*\n?[ \t*_~]*$/.test(
			whole.slice(last.sentence.end, sentence.start),
		);
	if (last === undefined || !follows) return [...quotes, { sentence, passage }];
	const { start } = last.sentence;
	const { end } = sentence;
	const both = { text: whole.slice(start, end), start, end };
	return [...quotes.slice(0, -1), { sentence: both, passage }];
}

function quote(
	{ text, start, end }: Sentence,
	passage: number,
): QuotedSentence {
	return { text: quoteText(text), passage, start, end };
}

function sigmoid(logit: number): number {
	return 1 / (1 + Math.exp(-logit));
}

/** Share of the question's words that a text has, rare-looking ones (long, with digits or capitals) counting more. */
export function sharedWords(question: string, text: string): number {
	const asked = wordsOf(question);
	const there = new Set(wordsOf(text).map(stem));
	let shared = 0;
	let all = 0;
	for (const word of new Set(asked)) {
		const weight = fillers.has(word) ? 0.05 : Math.min(2, word.length / 4);
		all += weight;
		if (there.has(stem(word))) shared += weight;
	}
	return all === 0 ? 0 : shared / all;
}

function wordsOf(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Enough to bring "routes", "routed" and "routing" together; a search engine's stemmer would do no harm. */
function stem(word: string): string {
	return word.length < 5 ? word : word.replace(/(?:ing|ed|es|s|e)$/, "");
}

const fillers = new Set(
	"a an and are as at be by can did do does for from had has have how i in is it its many me much my of on or our so tell that the their them there these they this to was we were what when where which who whom whose why will with would you your".split(
		" ",
	),
);
