import { describe } from "../../../../src/benchmark/statistics.ts";
import type { ResultTable } from "../../../harness/result.ts";
import { figureTable } from "./figure-table.ts";
import { type Measured, medians } from "./medians.ts";
import { hold, times, type Verdict } from "./verdict.ts";

/** The ITL target in undisturbed steps. */
export const targetSteps = 4;

export interface LongPromptRun {
	/** Median ITL of the streams before anybody else came. */
	undisturbedMs: number;
	/** What the server was asked to keep; null where it can't be asked. */
	targetMs: number | null;
	/** TTFT of the long prompt with the server to itself. */
	aloneMs: number;
	/** TTFT of the long prompt beside the streams. */
	besideMs: number;
	/** All gaps between two tokens of a stream that overlap the newcomer's prefill. */
	gapsMs: readonly number[];
}

type Runs = readonly Measured<LongPromptRun>[];

/** Without a target of its own, a server is held against the same number of its own steps. */
function target({ targetMs, undisturbedMs }: LongPromptRun): number {
	return targetMs ?? targetSteps * undisturbedMs;
}

const p99 = ({ gapsMs }: LongPromptRun) => describe(gapsMs).p99;
const longest = ({ gapsMs }: LongPromptRun) => describe(gapsMs).max;

export function longPromptVerdicts(runs: Runs): Verdict[] {
	return [
		hold({
			case: "long-prompt",
			what: `streams' ITL p99 during the newcomer's prefill / ITL target (${targetSteps} undisturbed steps)`,
			figures: medians(runs, (run) => p99(run) / target(run)),
			better: "lower",
			format: times,
			limit: 1.25,
		}),
		hold({
			case: "long-prompt",
			what: "newcomer's TTFT / TTFT alone",
			figures: medians(runs, (run) => run.besideMs / run.aloneMs),
			better: "lower",
			format: times,
			limit: 1.6,
		}),
	];
}

export function longPromptTables(runs: Runs): ResultTable[] {
	return [
		figureTable("A long prompt arrives while four streams decode", runs, [
			{
				head: "undisturbed step ms",
				figure: (run) => run.undisturbedMs,
				digits: 1,
			},
			{
				head: "ITL target ms",
				figure: (run) => run.targetMs ?? Number.NaN,
			},
			{
				head: "streams' ITL p50 ms",
				figure: ({ gapsMs }) => describe(gapsMs).p50,
			},
			{ head: "p99 ms", figure: p99 },
			{ head: "max ms", figure: longest },
			{
				head: "newcomer's TTFT s",
				figure: ({ besideMs }) => besideMs / 1000,
				digits: 2,
			},
			{
				head: "alone s",
				figure: ({ aloneMs }) => aloneMs / 1000,
				digits: 2,
			},
		]),
	];
}
