import { basename } from "node:path";
import type { StageReport } from "../../../../src/benchmark/report.ts";
import { runBenchmark } from "../../../../src/benchmark/run-benchmark.ts";
import { undisturbed } from "../../../harness/undisturbed.ts";
import {
	type BatchedBenchOptions,
	batchedBenchArguments,
	batchedBenchLayouts,
	runBatchedBench,
} from "../../batched-bench.ts";
import { galley, llamaServers, type ServeOptions } from "../../contenders.ts";
import {
	type IndependentBound,
	type IndependentLoad,
	type IndependentStage,
	independentTable,
	independentVerdicts,
} from "./independent-tables.ts";
import type { Measured } from "./medians.ts";
import {
	type CaseContext,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";

const sequences = 16;
const contextLength = 1024;
const short = { inputTokens: 64, outputTokens: 128 };
const independentLoads: readonly IndependentLoad[] = [
	{ concurrency: 1, ...short },
	{ concurrency: 4, ...short },
	{ concurrency: 8, ...short },
	{ concurrency: 16, ...short },
	{ concurrency: 8, inputTokens: 512, outputTokens: 64 },
];

/** Nothing to share: what batching itself is worth. */
export const independent: SchedulerCase = {
	names: ["independent"],
	conditions: () => [
		`unrelated prompts: ${independentLoads.map(({ concurrency, inputTokens, outputTokens }) => `${concurrency} at a time ${inputTokens} in / ${outputTokens} out`).join(", ")}; servers started for ${sequences} sequences`,
	],
	run: async (context) => {
		const serve: ServeOptions = {
			...context,
			modelPath: context.model.path,
			sequences,
			contextLength,
		};
		const runs = await contestInTurns(
			context,
			[galley(serve), ...llamaServers(context.peer, serve)].map((server) => ({
				server,
				measure: async ({ url }) => {
					const stages: IndependentStage[] = [];
					for (const load of independentLoads)
						stages.push({ load, stage: await measureLoad(context, url, load) });
					return stages;
				},
			})),
			(stages) =>
				stages
					.map(({ stage }) => stage.outputThroughput.toFixed(1))
					.join(", ")
					.concat(" tokens/s"),
		);
		const bounds: IndependentBound[] = [];
		for (let round = 1; round <= context.rounds; round++)
			bounds.push(...(await measureBounds(context, round)));
		return {
			verdicts: independentVerdicts(runs, bounds),
			tables: [independentTable(runs, bounds)],
			notes: [
				"llama-batched-bench has no HTTP, no sampling and no tokenizer; all its sequences start and end together, and its figure includes prefill.",
			],
			runs: [...runs, ...bounds.flatMap(toRuns)],
		};
	},
};

async function measureLoad(
	{ isQuick }: CaseContext,
	url: string,
	{ concurrency, inputTokens, outputTokens }: IndependentLoad,
): Promise<StageReport> {
	// Whole waves only: at the end no slot runs empty while others still work. A long one is enough.
	const waveTokens = concurrency * (inputTokens + outputTokens);
	const waves = isQuick || waveTokens > 3000 ? 1 : concurrency === 1 ? 4 : 2;
	const report = await runBenchmark({
		url,
		concurrency: [concurrency],
		requests: waves * concurrency,
		warmupRequests: isQuick ? 0 : concurrency === 1 ? 1 : 2,
		inputTokens,
		outputTokens,
	});
	const [stage] = report.stages;
	if (stage === undefined || stage.failed > 0)
		throw new Error(
			`Requests failed: ${JSON.stringify(stage?.errors)} ${JSON.stringify(stage?.errorExamples)}`,
		);
	return stage;
}

async function measureBounds(
	context: CaseContext,
	round: number,
): Promise<IndependentBound[]> {
	const bounds: IndependentBound[] = [];
	const lengths = new Set(
		independentLoads.map((load) => `${load.inputTokens} ${load.outputTokens}`),
	);
	for (const length of lengths) {
		const loads = independentLoads.filter(
			(load) => `${load.inputTokens} ${load.outputTokens}` === length,
		);
		const [first] = loads;
		if (first === undefined) continue;
		const options: BatchedBenchOptions = {
			modelPath: context.model.path,
			threads: context.threads,
			promptTokens: first.inputTokens,
			outputTokens: first.outputTokens,
			concurrency: loads.map((load) => load.concurrency),
		};
		const { value: rows, foreignShare } = await undisturbed(
			() => runBatchedBench(context.fleet, context.peer, options),
			context,
		);
		context.log(
			`  round ${round}: llama-batched-bench: ${rows.map((row) => row.outputThroughput.toFixed(1)).join(", ")} tokens/s`,
		);
		for (const load of loads)
			bounds.push({
				round,
				load,
				rows: rows.filter((row) => row.concurrency === load.concurrency),
				foreignShare,
				commands: batchedBenchLayouts.map((layout) =>
					["llama-batched-bench", ...batchedBenchArguments(options, layout)]
						.map((word) => basename(word))
						.join(" "),
				),
			});
	}
	return bounds;
}

/** A run of a program without a server, among the others. */
function toRuns(bound: IndependentBound): Measured<unknown>[] {
	const { round, foreignShare, load, rows } = bound;
	const name = "llama-batched-bench";
	return bound.commands.map((command, index) => ({
		name,
		command,
		round,
		foreignShare,
		value: { load, row: rows[index] },
	}));
}
