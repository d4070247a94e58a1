import { expect, test } from "vitest";
import { summarize } from "./summarize.ts";

test("a benchmark's summary has the most it got out, and the latency of its least load", () => {
	const stage = (outputThroughput: number, p50: number) => ({
		outputThroughput,
		ttftMs: { p50, p95: 2 * p50 },
		itlMs: { p50: p50 / 10 },
		load: {},
	});
	expect(
		summarize("benchmark", {
			stages: [stage(100, 20), stage(300, 60), stage(250, 90)],
		}),
	).toEqual({ outputThroughput: 300, ttftP50Ms: 20, itlP50Ms: 2 });
});

test("an optimization's summary has what won beside what runs by default", () => {
	const row = (precision: string, score: number | null, more: object) => ({
		precision,
		score,
		isWinner: false,
		isBaseline: false,
		...more,
	});
	const rows = [
		row("Q4_K_M", 260, { isWinner: true }),
		row("Q8_0", 200, { isBaseline: true }),
	];
	expect(summarize("optimization", { rows })).toEqual({
		precision: "Q4_K_M",
		score: 260,
		baselineScore: 200,
	});
	expect(summarize("optimization", { rows: [rows[1]] })).toEqual({
		precision: null,
		score: null,
		baselineScore: 200,
	});
});

test("an evaluation's summary leaves the answers out", () => {
	expect(
		summarize("evaluation", {
			questions: 2,
			failed: 0,
			exactMatch: 50,
			f1: null,
			choiceAccuracy: null,
			costUsd: null,
			latencyMs: { mean: 2, p50: 1, p95: 3 },
			details: [{ question: "?" }],
		}),
	).toEqual({
		questions: 2,
		failed: 0,
		exactMatch: 50,
		f1: null,
		choiceAccuracy: null,
		costUsd: null,
		latencyP50Ms: 1,
	});
});

test("a result of another shape has no summary", () => {
	for (const kind of ["benchmark", "evaluation", "optimization"] as const)
		for (const result of [null, "partial", {}, { stages: [] }, { rows: 1 }])
			expect(summarize(kind, result)).toBeNull();
});
