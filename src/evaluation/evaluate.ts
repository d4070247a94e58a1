import { letterOf, type Question } from "./questions.ts";
import { type Scores, scoreAnswer } from "./scores.ts";

export interface ModelAnswer {
	text: string;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	/** To the first token; null where the answer was not streamed. */
	firstTokenMs: number | null;
	ms: number;
}

export interface ChatMessage {
	role: "system" | "user";
	content: string;
}

export interface EvaluateOptions {
	questions: readonly Question[];
	/** Throws for a question that got no answer: it counts as failed, and as wrong. */
	ask(
		messages: readonly ChatMessage[],
		signal: AbortSignal,
	): Promise<ModelAnswer>;
	concurrency: number;
	/** Instead of the one that asks for a short answer. */
	systemPrompt?: string | undefined;
	/** US dollars for a million tokens; null leaves cost out. */
	price?: {
		inputPerMillion: number;
		cachedPerMillion: number;
		outputPerMillion: number;
	} | null;
	onProgress?: (progress: EvaluationProgress) => void;
	signal?: AbortSignal | undefined;
}

export interface EvaluationProgress {
	done: number;
	failed: number;
	total: number;
	elapsedSeconds: number;
	secondsLeft: number | null;
}

export interface EvaluatedQuestion extends Scores {
	line: number;
	question: string;
	answers: readonly string[];
	answer: string | null;
	error: string | null;
	ms: number | null;
}

export interface EvaluationReport {
	questions: number;
	failed: number;
	/** It was stopped before its end: figures are over what was asked. */
	isPartial: boolean;
	/** Percent over the questions of that kind; null where there is none. */
	exactMatch: number | null;
	f1: number | null;
	choiceAccuracy: number | null;
	latencyMs: { mean: number; p50: number; p95: number } | null;
	firstTokenMs: { p50: number; p95: number } | null;
	promptTokens: number;
	cachedTokens: number;
	completionTokens: number;
	seconds: number;
	costUsd: number | null;
	details: readonly EvaluatedQuestion[];
}

const shortAnswer =
	"Answer with as few words as possible, without a sentence around them.";
const chooseOne =
	"Answer with the letter of the right choice, and nothing else.";

/** Asks all questions, some at a time, and scores the answers. A question that fails is counted as wrong, and others go on. */
export async function evaluate(
	options: EvaluateOptions,
): Promise<EvaluationReport> {
	const { questions, onProgress } = options;
	const signal = options.signal ?? new AbortController().signal;
	const started = performance.now();
	const details: EvaluatedQuestion[] = [];
	const answers: ModelAnswer[] = [];
	let next = 0;
	const work = async () => {
		while (next < questions.length && !signal.aborted) {
			const question = questions[next++] as Question;
			const detail = await askOne(question, options, signal, answers);
			if (detail === null) return;
			details.push(detail);
			onProgress?.(
				progressOf(details, questions.length, performance.now() - started),
			);
		}
	};
	await Promise.all(
		Array.from({ length: Math.max(1, options.concurrency) }, work),
	);
	details.sort((left, right) => left.line - right.line);
	return reportOf(details, answers, {
		isPartial: details.length < questions.length,
		seconds: (performance.now() - started) / 1000,
		price: options.price ?? null,
	});
}

/** Null when it was stopped. */
async function askOne(
	question: Question,
	{ ask, systemPrompt }: EvaluateOptions,
	signal: AbortSignal,
	answers: ModelAnswer[],
): Promise<EvaluatedQuestion | null> {
	const known = {
		line: question.line,
		question: question.question,
		answers: question.answers,
	};
	try {
		const answer = await ask(toMessages(question, systemPrompt), signal);
		answers.push(answer);
		return {
			...known,
			answer: answer.text,
			error: null,
			ms: answer.ms,
			...scoreAnswer(question, answer.text),
		};
	} catch (error) {
		if (signal.aborted) return null;
		const wrong = { exactMatch: 0, f1: 0, choice: null };
		return {
			...known,
			answer: null,
			error: error instanceof Error ? error.message : String(error),
			ms: null,
			...(question.choices === null
				? wrong
				: { exactMatch: null, f1: null, choice: 0 }),
		};
	}
}

export function toMessages(
	{ question, context, choices }: Question,
	systemPrompt: string | undefined,
): ChatMessage[] {
	const listed = choices?.map(
		(choice, index) => `${letterOf(index)}. ${choice}`,
	);
	return [
		{
			role: "system",
			content: systemPrompt ?? (choices === null ? shortAnswer : chooseOne),
		},
		{
			role: "user",
			content: [context, question, listed?.join("\n")]
				.filter((part) => part !== null && part !== undefined)
				.join("\n\n"),
		},
	];
}

function progressOf(
	details: readonly EvaluatedQuestion[],
	total: number,
	elapsedMs: number,
): EvaluationProgress {
	const done = details.length;
	return {
		done,
		failed: details.filter(({ error }) => error !== null).length,
		total,
		elapsedSeconds: elapsedMs / 1000,
		secondsLeft:
			done === 0 ? null : ((elapsedMs / done) * (total - done)) / 1000,
	};
}

function reportOf(
	details: readonly EvaluatedQuestion[],
	answers: readonly ModelAnswer[],
	{
		isPartial,
		seconds,
		price,
	}: {
		isPartial: boolean;
		seconds: number;
		price: NonNullable<EvaluateOptions["price"]> | null;
	},
): EvaluationReport {
	const sum = (pick: (answer: ModelAnswer) => number) =>
		answers.reduce((total, answer) => total + pick(answer), 0);
	const tokens = {
		promptTokens: sum(({ promptTokens }) => promptTokens),
		cachedTokens: sum(({ cachedTokens }) => cachedTokens),
		completionTokens: sum(({ completionTokens }) => completionTokens),
	};
	const times = answers.map(({ ms }) => ms);
	const first = answers.flatMap(({ firstTokenMs }) => firstTokenMs ?? []);
	return {
		questions: details.length,
		failed: details.filter(({ error }) => error !== null).length,
		isPartial,
		exactMatch: percent(details.map(({ exactMatch }) => exactMatch)),
		f1: percent(details.map(({ f1 }) => f1)),
		choiceAccuracy: percent(details.map(({ choice }) => choice)),
		latencyMs:
			times.length === 0
				? null
				: {
						mean: sum(({ ms }) => ms) / times.length,
						p50: percentile(times, 0.5),
						p95: percentile(times, 0.95),
					},
		firstTokenMs:
			first.length === 0
				? null
				: { p50: percentile(first, 0.5), p95: percentile(first, 0.95) },
		...tokens,
		seconds,
		costUsd:
			price === null
				? null
				: ((tokens.promptTokens - tokens.cachedTokens) * price.inputPerMillion +
						tokens.cachedTokens * price.cachedPerMillion +
						tokens.completionTokens * price.outputPerMillion) /
					1e6,
		details,
	};
}

function percent(scores: readonly (number | null)[]): number | null {
	const known = scores.filter((score) => score !== null);
	if (known.length === 0) return null;
	return (100 * known.reduce((sum, score) => sum + score, 0)) / known.length;
}

/** The nearest rank. */
function percentile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((left, right) => left - right);
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
