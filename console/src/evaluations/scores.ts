import type { EvaluatedQuestion, EvaluationSummary } from "../api/job-types.ts";

/** A choice is right or wrong; free text is right when it is the same. */
export function isRight({
	exactMatch,
	choice,
}: Pick<EvaluatedQuestion, "exactMatch" | "choice">): boolean {
	return (choice ?? exactMatch ?? 0) >= 1;
}

/** The one score that says most about the questions that were asked; percent. */
export function accuracyOf({
	choiceAccuracy,
	f1,
	exactMatch,
}: Pick<EvaluationSummary, "choiceAccuracy" | "f1" | "exactMatch">):
	| number
	| null {
	return choiceAccuracy ?? f1 ?? exactMatch;
}

/** Percent, as reports have it. */
export function formatScore(percent: number | null | undefined): string {
	return percent === null || percent === undefined
		? "–"
		: `${percent.toFixed(1)} %`;
}

export type QuestionLine =
	| { ok: true; count: number }
	| { ok: false; problem: string };

/** A first look at a question file before it travels; the gateway looks closer. */
export function inspectQuestions(text: string): QuestionLine {
	let count = 0;
	for (const [place, line] of text.split(/\r?\n/).entries()) {
		if (line.trim() === "") continue;
		try {
			const value: unknown = JSON.parse(line);
			if (
				typeof value !== "object" ||
				value === null ||
				typeof (value as { question?: unknown }).question !== "string"
			)
				return { ok: false, problem: `Line ${place + 1} has no "question".` };
			if (!("answer" in value) && !("answers" in value))
				return { ok: false, problem: `Line ${place + 1} has no "answer".` };
		} catch {
			return { ok: false, problem: `Line ${place + 1} is no JSON.` };
		}
		count++;
	}
	return count === 0
		? { ok: false, problem: "There is no question yet." }
		: { ok: true, count };
}
