import type { StageReport } from "../../../../src/benchmark/report.ts";
import { median } from "../../../../src/benchmark/statistics.ts";
import type { ResultTable } from "../../../harness/result.ts";
import type { BatchedBenchRow } from "../../batched-bench.ts";
import {
	bestRival,
	type Measured,
	medians,
	type NamedFigure,
} from "./medians.ts";
import { perSecond, times, type Verdict } from "./verdict.ts";

/** Unrelated prompts of one length, so many at a time. */
export interface IndependentLoad {
	concurrency: number;
	inputTokens: number;
	outputTokens: number;
}

export interface IndependentStage {
	load: IndependentLoad;
	stage: StageReport;
}

/** What llama-batched-bench reached in one round; the better layout counts. */
export interface IndependentBound {
	round: number;
	load: IndependentLoad;
	rows: readonly BatchedBenchRow[];
	foreignShare: number | null;
	/** One a layout, without folders. */
	commands: readonly string[];
}

type Runs = readonly Measured<readonly IndependentStage[]>[];

interface Standing {
	load: IndependentLoad;
	own: number;
	rival: NamedFigure;
	bound: number;
}

const leastOfRival = 1;
const leastOfBound = 0.95;

/** The load where Galley stands worst decides. */
export function independentVerdicts(
	runs: Runs,
	bounds: readonly IndependentBound[],
): Verdict[] {
	const all = standings(runs, bounds);
	const worst = (ratio: (standing: Standing) => number) =>
		all.reduce<Standing | null>(
			(found, standing) =>
				found === null || !(ratio(standing) >= ratio(found)) ? standing : found,
			null,
		);
	const toRival = ({ own, rival }: Standing) => own / rival.value;
	const toBound = ({ own, bound }: Standing) => own / bound;
	const byRival = worst(toRival);
	const byBound = worst(toBound);
	if (byRival === null || byBound === null) return [];
	return [
		{
			case: "independent",
			what: `output tokens a second, worst load for Galley: ${title(byRival.load)}`,
			own: perSecond(byRival.own),
			rival: `${perSecond(byRival.rival.value)} (${byRival.rival.name.replace("llama-server ", "")})`,
			ratio: times(toRival(byRival)),
			target: `at least ${leastOfRival.toFixed(1)}x`,
			isMet: toRival(byRival) >= leastOfRival,
		},
		{
			case: "independent",
			what: `against llama-batched-bench, worst load for Galley: ${title(byBound.load)}`,
			own: perSecond(byBound.own),
			rival: `${perSecond(byBound.bound)} (batched-bench)`,
			ratio: times(toBound(byBound)),
			target: `at least ${leastOfBound}x`,
			isMet: toBound(byBound) >= leastOfBound,
		},
	];
}

export function independentTable(
	runs: Runs,
	bounds: readonly IndependentBound[],
): ResultTable {
	return {
		title: "Independent prompts, output tokens a second (medians)",
		head: [
			"load",
			"Galley",
			"llama-server",
			"its layout",
			"ratio",
			"llama-batched-bench",
			"ratio",
		],
		rows: standings(runs, bounds).map(({ load, own, rival, bound }) => [
			title(load),
			own.toFixed(1),
			rival.value.toFixed(1),
			rival.name.replace("llama-server ", ""),
			times(own / rival.value),
			bound.toFixed(1),
			times(own / bound),
		]),
	};
}

function standings(
	runs: Runs,
	bounds: readonly IndependentBound[],
): Standing[] {
	const loads = runs[0]?.value.map(({ load }) => load) ?? [];
	return loads.map((load, index) => {
		const figures = medians(
			runs,
			(stages) => stages[index]?.stage.outputThroughput ?? Number.NaN,
		);
		return {
			load,
			own: figures.find(({ name }) => name === "galley")?.value ?? Number.NaN,
			rival: bestRival(figures, "higher") ?? { name: "-", value: Number.NaN },
			bound: boundOf(bounds, load),
		};
	});
}

/** The better layout's median over the rounds. */
function boundOf(
	bounds: readonly IndependentBound[],
	load: IndependentLoad,
): number {
	const rows = bounds
		.filter((bound) => title(bound.load) === title(load))
		.flatMap((bound) => bound.rows);
	return Math.max(
		...(["unified", "streams"] as const).map((layout) =>
			median(
				rows
					.filter((row) => row.layout === layout)
					.map((row) => row.outputThroughput),
			),
		),
	);
}

function title({
	concurrency,
	inputTokens,
	outputTokens,
}: IndependentLoad): string {
	return `${concurrency} at a time, ${inputTokens} in / ${outputTokens} out`;
}
