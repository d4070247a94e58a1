import type { BenchmarkStage } from "../api/job-types.ts";
import { stageWords } from "./benchmark-words.ts";
import type { LoadRun } from "./load-chart.tsx";

export interface ComparedStage {
	/** `4 at a time` */
	load: string;
	/** In the order of the runs; null where a run has none of this load. */
	stages: readonly (BenchmarkStage | null)[];
}

/** Each load that any of the runs was measured under, the least first, users at a time before requests a second. */
export function compareStages(runs: readonly LoadRun[]): ComparedStage[] {
	const loads = new Map<string, BenchmarkStage["load"]>();
	for (const { stages } of runs)
		for (const stage of stages) loads.set(stageWords(stage), stage.load);
	return [...loads]
		.sort(([, left], [, right]) => rankOf(left) - rankOf(right))
		.map(([load]) => ({
			load,
			stages: runs.map(
				({ stages }) =>
					stages.find((stage) => stageWords(stage) === load) ?? null,
			),
		}));
}

function rankOf(load: BenchmarkStage["load"]): number {
	return load.mode === "closed" ? load.concurrency : 1e6 + load.requestRate;
}
