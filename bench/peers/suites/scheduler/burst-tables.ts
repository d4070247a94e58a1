import type { StageReport } from "../../../../src/benchmark/report.ts";
import type { ResultTable } from "../../../harness/result.ts";
import { figureTable } from "./figure-table.ts";
import { type Measured, medians } from "./medians.ts";
import { compare, perSecond, seconds, type Verdict } from "./verdict.ts";

/** The first burst of a prefix that nobody has seen, and the last of those that follow it. */
export interface BurstRun {
	cold: StageReport;
	warm: StageReport;
}

export function burstVerdicts(runs: readonly Measured<BurstRun>[]): Verdict[] {
	return [
		compare({
			case: "cold-burst",
			what: "total time",
			figures: medians(runs, ({ cold }) => 1000 * cold.durationSeconds),
			better: "lower",
			format: seconds,
			atLeast: 5,
		}),
		compare({
			case: "cold-burst",
			what: "TTFT p95",
			figures: medians(runs, ({ cold }) => cold.ttftMs.p95),
			better: "lower",
			format: seconds,
			atLeast: 6,
		}),
		compare({
			case: "warm-burst",
			what: "output tokens a second",
			figures: medians(runs, ({ warm }) => warm.outputThroughput),
			better: "higher",
			format: perSecond,
			atLeast: 1.2,
		}),
	];
}

export function burstTables(
	runs: readonly Measured<BurstRun>[],
): ResultTable[] {
	return (["cold", "warm"] as const).map((burst) =>
		figureTable(
			`${burst === "cold" ? "Cold" : "Warm"} burst`,
			runs.map((run) => ({ ...run, value: run.value[burst] })),
			[
				{
					head: "total s",
					figure: (stage) => stage.durationSeconds,
					digits: 2,
				},
				{
					head: "output tokens/s",
					figure: (stage) => stage.outputThroughput,
					digits: 1,
				},
				{ head: "TTFT p50 ms", figure: (stage) => stage.ttftMs.p50 },
				{ head: "TTFT p95 ms", figure: (stage) => stage.ttftMs.p95 },
				{ head: "ITL p99 ms", figure: (stage) => stage.itlMs.p99 },
				{ head: "input tokens", figure: (stage) => stage.inputTokens },
				{
					head: "of them cached",
					figure: (stage) => stage.cachedTokens ?? Number.NaN,
				},
			],
		),
	);
}
