import { expect, test } from "vitest";
import type { BenchmarkJob, EvaluationJob } from "../api/job-types.ts";
import { joinMeasurements, questionSets } from "./join-measurements.ts";

function evaluation(
	model: string,
	day: number,
	f1: number | null,
	questionSet = "a",
): EvaluationJob {
	return {
		id: `${model}-${day}`,
		request: { model, questions: 10, questionSet },
		state: "finished",
		createdAt: `2026-01-0${day}T00:00:00Z`,
		endedAt: null,
		progress: null,
		error: null,
		summary:
			f1 === null
				? null
				: {
						exactMatch: 1,
						f1,
						choiceAccuracy: null,
						latencyP50Ms: 100 * day,
						costUsd: null,
					},
	};
}

function benchmark(model: string, day: number, speed: number): BenchmarkJob {
	return {
		id: `${model}-${day}`,
		request: { model },
		state: "finished",
		createdAt: `2026-01-0${day}T00:00:00Z`,
		endedAt: null,
		progress: null,
		error: null,
		summary: { outputThroughput: speed, ttftP50Ms: 20, itlP50Ms: 5 },
	};
}

test("a model stands where its latest evaluation and its latest benchmark put it", () => {
	const standings = joinMeasurements(
		"a",
		[evaluation("m", 1, 40), evaluation("m", 3, 60), evaluation("n", 2, 80)],
		[benchmark("m", 1, 100), benchmark("m", 2, 200)],
	);
	expect(standings).toEqual([
		{
			model: "m",
			accuracy: 60,
			outputThroughput: 200,
			ttftP50Ms: 20,
			itlP50Ms: 5,
			latencyP50Ms: 300,
		},
		{
			model: "n",
			accuracy: 80,
			outputThroughput: null,
			ttftP50Ms: null,
			itlP50Ms: null,
			latencyP50Ms: 200,
		},
	]);
});

test("scores of other questions are never put beside each other; runs without figures don't count", () => {
	const runs = [
		evaluation("m", 1, 40, "a"),
		evaluation("n", 2, 80, "b"),
		evaluation("o", 3, null, "c"),
	];
	expect(questionSets(runs).map(({ id }) => id)).toEqual(["b", "a"]);
	expect(joinMeasurements("a", runs, []).map(({ model }) => model)).toEqual([
		"m",
	]);
	expect(joinMeasurements("c", runs, [])).toEqual([]);
});
