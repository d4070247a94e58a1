import { z } from "zod";
import type { AnswerKind, AnswerSettings } from "../answer/answer-question.ts";
import {
	containment,
	exactMatch,
	f1,
	groundedness,
	mean,
	ndcgAt,
	recallAt,
	reciprocalRank,
} from "./measures.ts";

/** A line of the question file. */
export const evalQuestion = z.strictObject({
	question: z.string().min(1),
	/** Sources of the documents that answer it (ends of them will do); empty: none does, and the chatbot should say so. */
	sources: z.array(z.string().min(1)),
	/** What a right answer says; without it only the search is measured. */
	answer: z.string().optional(),
});
export type EvalQuestion = z.output<typeof evalQuestion>;

/** Ways to search that are set against each other. */
export const variants: Readonly<Record<string, Partial<AnswerSettings>>> = {
	"words (BM25)": { search: "words", rerank: false },
	vectors: { search: "vectors", rerank: false },
	hybrid: { search: "hybrid", rerank: false },
	"hybrid + rerank": { search: "hybrid", rerank: true },
};

/** The chatbot, as it is reached from outside. */
export interface Chatbot {
	/** Sources, best first. */
	search(
		question: string,
		settings: Partial<AnswerSettings>,
	): Promise<string[]>;
	ask(question: string): Promise<{
		text: string;
		kind: AnswerKind;
		cited: readonly string[];
		ms: number;
	}>;
}

export interface RetrievalFigures {
	variant: string;
	questions: number;
	recallAt1: number | null;
	recallAt5: number | null;
	recallAt10: number | null;
	ndcgAt10: number | null;
	reciprocalRank: number | null;
}

export interface AnswerResult {
	question: string;
	expected: string | null;
	answer: string;
	kind: AnswerKind;
	f1: number | null;
	exactMatch: number | null;
	/** Whether the expected words stand in it. */
	containment: number | null;
	/** Null where nothing was claimed. */
	groundedness: number | null;
	ms: number;
}

export interface EvalReport {
	createdAt: string;
	questions: number;
	retrieval: RetrievalFigures[];
	answers: {
		f1: number | null;
		exactMatch: number | null;
		containment: number | null;
		groundedness: number | null;
		/** Of the questions that no page answers, those where the chatbot said so; and of the others. */
		rightAbstention: number | null;
		wrongAbstention: number | null;
		medianMs: number | null;
	};
	results: AnswerResult[];
}

export function readQuestions(text: string): EvalQuestion[] {
	return text.split("\n").flatMap((line, index) => {
		if (line.trim() === "") return [];
		try {
			return [evalQuestion.parse(JSON.parse(line))];
		} catch (cause) {
			throw new Error(
				`Line ${index + 1} is not {"question", "sources", "answer"}.`,
				{ cause },
			);
		}
	});
}

export async function evaluate(
	questions: readonly EvalQuestion[],
	chatbot: Chatbot,
	now: Date,
): Promise<EvalReport> {
	const retrieval: RetrievalFigures[] = [];
	for (const [variant, settings] of Object.entries(variants))
		retrieval.push(await measureSearch(variant, settings, questions, chatbot));
	const results: AnswerResult[] = [];
	for (const question of questions)
		results.push(await measureAnswer(question, chatbot));
	const abstained = (isAnswerable: boolean) =>
		mean(
			results.flatMap(({ kind }, index) =>
				(questions[index]?.sources.length ?? 0) > 0 === isAnswerable
					? [kind === "none" ? 1 : 0]
					: [],
			),
		);
	const meanOf = (name: "f1" | "exactMatch" | "containment" | "groundedness") =>
		mean(
			results.flatMap((result) => {
				const value = result[name];
				return value === null ? [] : [value];
			}),
		);
	const times = results.map(({ ms }) => ms).toSorted((a, b) => a - b);
	return {
		createdAt: now.toISOString(),
		questions: questions.length,
		retrieval,
		answers: {
			f1: meanOf("f1"),
			exactMatch: meanOf("exactMatch"),
			containment: meanOf("containment"),
			groundedness: meanOf("groundedness"),
			rightAbstention: abstained(false),
			wrongAbstention: abstained(true),
			medianMs: times[Math.floor(times.length / 2)] ?? null,
		},
		results,
	};
}

async function measureSearch(
	variant: string,
	settings: Partial<AnswerSettings>,
	questions: readonly EvalQuestion[],
	chatbot: Chatbot,
): Promise<RetrievalFigures> {
	const answerable = questions.filter(({ sources }) => sources.length > 0);
	const lists: { found: string[]; relevant: string[] }[] = [];
	for (const { question, sources } of answerable) {
		const found = [...new Set(await chatbot.search(question, settings))];
		// The file may name a document by the end of its source.
		const named = found.map(
			(source) => sources.find((end) => source.endsWith(end)) ?? source,
		);
		lists.push({ found: named, relevant: sources });
	}
	const average = (measure: (found: string[], relevant: string[]) => number) =>
		mean(lists.map(({ found, relevant }) => measure(found, relevant)));
	return {
		variant,
		questions: answerable.length,
		recallAt1: average((found, relevant) => recallAt(found, relevant, 1)),
		recallAt5: average((found, relevant) => recallAt(found, relevant, 5)),
		recallAt10: average((found, relevant) => recallAt(found, relevant, 10)),
		ndcgAt10: average((found, relevant) => ndcgAt(found, relevant, 10)),
		reciprocalRank: average(reciprocalRank),
	};
}

async function measureAnswer(
	{ question, answer: expected }: EvalQuestion,
	chatbot: Chatbot,
): Promise<AnswerResult> {
	const { text, kind, cited, ms } = await chatbot.ask(question);
	const isMeasured = expected !== undefined;
	return {
		question,
		expected: expected ?? null,
		answer: text,
		kind,
		f1: isMeasured ? f1(text, expected) : null,
		exactMatch: isMeasured ? exactMatch(text, expected) : null,
		containment: isMeasured ? containment(text, expected) : null,
		groundedness: kind === "none" ? null : groundedness(text, cited),
		ms,
	};
}
