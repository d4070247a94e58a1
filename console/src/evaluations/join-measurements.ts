import type { BenchmarkJob, EvaluationJob } from "../api/job-types.ts";
import { accuracyOf } from "./scores.ts";

/** Questions that more than one run may have asked. */
export interface QuestionSet {
	id: string;
	questions: number;
	/** Of its latest run. */
	askedAt: string;
}

/** How right and how fast a model is here. */
export interface Standing {
	model: string;
	/** Percent. */
	accuracy: number;
	/** From the latest benchmark; null where the model has none. */
	ttftP50Ms: number | null;
	itlP50Ms: number | null;
	outputThroughput: number | null;
	/** Of a whole answer, from the evaluation itself. */
	latencyP50Ms: number | null;
}

/** The sets of questions that were asked here, the latest first. */
export function questionSets(runs: readonly EvaluationJob[]): QuestionSet[] {
	const sets = new Map<string, QuestionSet>();
	for (const { request, createdAt, summary } of latestFirst(runs)) {
		const id = setOf(request);
		if (summary == null || sets.has(id)) continue;
		sets.set(id, { id, questions: request.questions, askedAt: createdAt });
	}
	return [...sets.values()];
}

/** Each model that answered the set, by its latest run, beside its latest benchmark. */
export function joinMeasurements(
	set: string,
	evaluations: readonly EvaluationJob[],
	benchmarks: readonly BenchmarkJob[],
): Standing[] {
	const standings = new Map<string, Standing>();
	const measured = latestFirst(benchmarks);
	for (const { request, summary } of latestFirst(evaluations)) {
		const { model } = request;
		const accuracy = summary == null ? null : accuracyOf(summary);
		if (accuracy === null || setOf(request) !== set || standings.has(model))
			continue;
		const speed = measured.find(
			(run) => run.request.model === model && run.summary != null,
		)?.summary;
		standings.set(model, {
			model,
			accuracy,
			ttftP50Ms: speed?.ttftP50Ms ?? null,
			itlP50Ms: speed?.itlP50Ms ?? null,
			outputThroughput: speed?.outputThroughput ?? null,
			latencyP50Ms: summary?.latencyP50Ms ?? null,
		});
	}
	return [...standings.values()];
}

/** Runs that an older gateway kept don't say what they asked: as many questions is the best that is known. */
function setOf({ questionSet, questions }: EvaluationJob["request"]): string {
	return questionSet ?? `${questions} questions`;
}

function latestFirst<Run extends { createdAt: string }>(
	runs: readonly Run[],
): Run[] {
	return [...runs].sort((left, right) =>
		right.createdAt.localeCompare(left.createdAt),
	);
}
