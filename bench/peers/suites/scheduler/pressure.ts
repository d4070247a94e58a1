import { runBenchmark } from "../../../../src/benchmark/run-benchmark.ts";
import {
	galley,
	type LlamaLayout,
	llamaServer,
	type ServeOptions,
} from "../../contenders.ts";
import {
	type PressureRun,
	pressureTables,
	pressureVerdicts,
	unconstrained,
} from "./pressure-tables.ts";
import {
	type CaseContext,
	type Contest,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";

const concurrency = 8;
const inputTokens = 512;
const outputTokens = 128;
const contextLength = 1024;
/** A quarter of what all requests in flight want at their ends. */
const cells = (concurrency * (inputTokens + outputTokens)) / 4;

/** Requests that fit one by one, but not together. */
export const pressure: SchedulerCase = {
	names: ["pressure"],
	conditions: (context) => [
		`${requests(context)} requests, ${concurrency} at a time, ${inputTokens} in / ${outputTokens} out, in a KV cache of ${cells} cells: a quarter of what they want; each server is held against its own run with ${concurrency * contextLength} cells`,
		`llama-server no-kv-unified gets 2 slots there, the most whose equal parts hold a request (it rounds them up to 768 cells): with ${concurrency} slots no request would fit`,
	],
	run: async (context) => {
		const serve: ServeOptions = {
			...context,
			modelPath: context.model.path,
			sequences: concurrency,
			contextLength,
		};
		const llama = (layout: LlamaLayout) =>
			llamaServer(context.peer, serve, layout, { name: unconstrained });
		const servers = [
			galley(serve, {
				flags: [
					...context.galleyFlags.take("--kv-layout", "unified"),
					...context.galleyFlags.take("--kv-cache-tokens", cells),
				],
			}),
			galley(serve, { name: unconstrained }),
			llamaServer(context.peer, serve, "kv-unified", { cells }),
			llama("kv-unified"),
			llamaServer(context.peer, { ...serve, sequences: 2 }, "no-kv-unified", {
				cells,
			}),
			llama("no-kv-unified"),
		];
		const runs = await contestInTurns(
			context,
			servers.map(
				(server): Contest<PressureRun> => ({
					server,
					measure: ({ url }) => measurePressure(context, url),
				}),
			),
			(stage) =>
				`${stage.outputThroughput.toFixed(1)} tokens/s, ${stage.failed} failed ${JSON.stringify(stage.errors)}`,
		);
		return {
			verdicts: pressureVerdicts(runs),
			tables: pressureTables(runs),
			notes: [],
			runs,
		};
	},
};

function requests({ isQuick }: CaseContext): number {
	return isQuick ? concurrency : 2 * concurrency;
}

async function measurePressure(
	context: CaseContext,
	url: string,
): Promise<PressureRun> {
	const report = await runBenchmark({
		url,
		concurrency: [concurrency],
		requests: requests(context),
		// Without pressure of its own.
		warmupRequests: 0,
		inputTokens,
		outputTokens,
	});
	const [stage] = report.stages;
	if (stage === undefined)
		throw new Error("The load generator reported no stage.");
	return stage;
}
