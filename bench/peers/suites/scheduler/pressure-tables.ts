import type { StageReport } from "../../../../src/benchmark/report.ts";
import type { ResultTable } from "../../../harness/result.ts";
import { figureTable } from "./figure-table.ts";
import { type Measured, medianOf, medians, serverNames } from "./medians.ts";
import { count, hold, times, type Verdict } from "./verdict.ts";

/** Failures are part of it. */
export type PressureRun = StageReport;

type Runs = readonly Measured<PressureRun>[];

/** Ends the names of the runs that have all the cells they want. */
export const unconstrained = "unconstrained";

const throughput = ({ outputThroughput }: PressureRun) => outputThroughput;

export function pressureVerdicts(runs: Runs): Verdict[] {
	const constrained = runs.filter(({ name }) => !name.endsWith(unconstrained));
	return [
		hold({
			case: "pressure",
			what: "failed requests",
			figures: medians(constrained, ({ failed }) => failed),
			better: "lower",
			format: count,
			limit: 0,
		}),
		hold({
			case: "pressure",
			what: "output tokens a second / its own unconstrained run",
			figures: serverNames(constrained).map((name) => ({
				name,
				value:
					medianOf(runs, name, throughput) /
					medianOf(runs, `${name} ${unconstrained}`, throughput),
			})),
			better: "higher",
			format: times,
			limit: 0.7,
		}),
	];
}

export function pressureTables(runs: Runs): ResultTable[] {
	return [
		figureTable("A KV cache of a quarter of what the load wants", runs, [
			{ head: "completed", figure: ({ completed }) => completed },
			{ head: "failed", figure: ({ failed }) => failed },
			{ head: "output tokens/s", figure: throughput, digits: 1 },
			{ head: "TTFT p95 ms", figure: ({ ttftMs }) => ttftMs.p95 },
			{ head: "ITL p99 ms", figure: ({ itlMs }) => itlMs.p99 },
			{ head: "ITL max ms", figure: ({ itlMs }) => itlMs.max },
			{
				head: "total s",
				figure: ({ durationSeconds }) => durationSeconds,
				digits: 1,
			},
		]),
	];
}
