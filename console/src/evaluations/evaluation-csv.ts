import type { EvaluationResult } from "../api/job-types.ts";
import { toCsv } from "../components/to-csv.ts";
import { isRight } from "./scores.ts";

/** A row a question. */
export function evaluationCsv({ details }: EvaluationResult): string {
	return toCsv(
		[
			"line",
			"question",
			"right_answers",
			"answer",
			"is_right",
			"exact_match",
			"f1",
			"choice",
			"milliseconds",
			"error",
		],
		details.map((detail) => [
			detail.line,
			detail.question,
			detail.answers.join(" / "),
			detail.answer,
			isRight(detail),
			detail.exactMatch,
			detail.f1,
			detail.choice,
			detail.ms,
			detail.error,
		]),
	);
}
