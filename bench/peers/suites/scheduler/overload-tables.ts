import { median } from "../../../../src/benchmark/statistics.ts";
import type { ResultTable } from "../../../harness/result.ts";
import { figureTable } from "./figure-table.ts";
import { type Measured, medians } from "./medians.ts";
import type { MemorySamples } from "./memory-sampler.ts";
import type { RetryOutcome } from "./retry-probes.ts";
import { count, hold, percentage, times, type Verdict } from "./verdict.ts";

export interface OverloadRun {
	/** Requests a second, closed loop. */
	capacity: number;
	/** Requests a second that kept their limits, open loop. */
	goodput: number;
	sent: number;
	/** Of those sent: */
	good: number;
	late: number;
	refused: number;
	unfinished: number;
	/** Failures that are no 429, by kind. */
	errors: Readonly<Record<string, number>>;
	/** Of all refusals, in seconds; empty when none told. */
	retryAfterSeconds: readonly number[];
	duringLoad: readonly RetryOutcome[];
	afterLoad: readonly RetryOutcome[];
	memory: MemorySamples;
	durationSeconds: number;
}

type Runs = readonly Measured<OverloadRun>[];

/** Neither good nor refused in time. */
const neither = ({ sent, good, refused }: OverloadRun) => sent - good - refused;

/** Share of the clients that came back as told, when arrivals had ended, and were let in; NaN without any. */
const kept = ({ afterLoad }: OverloadRun) =>
	afterLoad.filter(({ second }) => second === "accepted").length /
	afterLoad.length;

const growth = ({ memory }: OverloadRun) =>
	memory.endBytes / memory.middleBytes;

export function overloadVerdicts(runs: Runs): Verdict[] {
	return [
		hold({
			case: "overload",
			what: "goodput / capacity",
			figures: medians(runs, ({ goodput, capacity }) => goodput / capacity),
			better: "higher",
			format: percentage,
			limit: 0.8,
		}),
		hold({
			case: "overload",
			what: "requests neither good nor answered 429",
			figures: medians(runs, neither),
			better: "lower",
			format: count,
			limit: 0,
		}),
		hold({
			case: "overload",
			what: "let in after waiting Retry-After, arrivals having ended",
			figures: medians(runs, kept),
			better: "higher",
			format: percentage,
			limit: 1,
		}),
		hold({
			case: "overload",
			what: "resident memory at the end / in the middle",
			figures: medians(runs, growth),
			better: "lower",
			format: times,
			limit: 1.05,
		}),
	];
}

export function overloadTables(runs: Runs): ResultTable[] {
	return [
		figureTable("Overload: what became of the requests", runs, [
			{
				head: "capacity requests/s",
				figure: ({ capacity }) => capacity,
				digits: 2,
			},
			{ head: "goodput", figure: ({ goodput }) => goodput, digits: 2 },
			{ head: "sent", figure: ({ sent }) => sent },
			{ head: "good", figure: ({ good }) => good },
			{ head: "late", figure: ({ late }) => late },
			{ head: "429", figure: ({ refused }) => refused },
			{ head: "unfinished", figure: ({ unfinished }) => unfinished },
			{
				head: "other errors",
				figure: ({ errors }) =>
					Object.values(errors).reduce((sum, amount) => sum + amount, 0),
			},
		]),
		figureTable("Overload: Retry-After and memory", runs, [
			{
				head: "Retry-After s, median",
				figure: ({ retryAfterSeconds }) =>
					retryAfterSeconds.length === 0
						? Number.NaN
						: median(retryAfterSeconds),
				digits: 1,
			},
			{
				head: "came back during the load",
				figure: ({ duringLoad }) => duringLoad.length,
			},
			{ head: "let in", figure: ({ duringLoad }) => accepted(duringLoad) },
			{
				head: "came back after it",
				figure: ({ afterLoad }) => afterLoad.length,
			},
			{ head: "let in", figure: ({ afterLoad }) => accepted(afterLoad) },
			{ head: "MB at start", figure: ({ memory }) => memory.startBytes / 1e6 },
			{ head: "middle", figure: ({ memory }) => memory.middleBytes / 1e6 },
			{ head: "end", figure: ({ memory }) => memory.endBytes / 1e6 },
			{ head: "peak", figure: ({ memory }) => memory.peakBytes / 1e6 },
		]),
	];
}

function accepted(outcomes: OverloadRun["afterLoad"]): number {
	return outcomes.filter(({ second }) => second === "accepted").length;
}
