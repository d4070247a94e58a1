import { runBenchmark } from "../../../../src/benchmark/run-benchmark.ts";
import { galley, llamaServers, type ServeOptions } from "../../contenders.ts";
import { type BurstRun, burstTables, burstVerdicts } from "./burst-tables.ts";
import {
	type CaseContext,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";

const concurrency = 8;
const prefixTokens = 1200;
const ownTokens = 40;
const outputTokens = 32;
const contextLength = 2048;

/** Many clients with one system prompt, all at once: before anybody knows it, and when everybody does. */
export const burst: SchedulerCase = {
	names: ["cold-burst", "warm-burst"],
	conditions: (context) => [
		`${requests(context)} requests, ${concurrency} at a time, ${prefixTokens} shared + ${ownTokens} own tokens in, ${outputTokens} out; each server freshly started; no warm-up request has the prefix`,
		"the warm burst is the third with the same prefix on the same server, with other own tokens",
	],
	run: async (context, wanted) => {
		const serve: ServeOptions = {
			...context,
			modelPath: context.model.path,
			sequences: concurrency,
			contextLength,
		};
		const runs = await contestInTurns(
			context,
			[galley(serve), ...llamaServers(context.peer, serve)].map((server) => ({
				server,
				measure: ({ url }) => measureBursts(url, requests(context)),
			})),
			({ cold, warm }) =>
				`cold ${cold.durationSeconds.toFixed(1)} s, TTFT p95 ${(cold.ttftMs.p95 / 1000).toFixed(2)} s; warm ${warm.outputThroughput.toFixed(1)} tokens/s`,
		);
		return {
			verdicts: burstVerdicts(runs).filter((verdict) =>
				wanted.has(verdict.case),
			),
			tables: burstTables(runs),
			notes: [],
			runs,
		};
	},
};

function requests({ isQuick }: CaseContext): number {
	return isQuick ? concurrency : 2 * concurrency;
}

async function measureBursts(url: string, requests: number): Promise<BurstRun> {
	const report = await runBenchmark({
		url,
		// Three stages of one run: they go on in one sequence of prompts, so they share the prefix and nothing else.
		concurrency: [concurrency, concurrency, concurrency],
		requests,
		// What is sent to learn the tokenizer has warmed the server up, without the prefix.
		warmupRequests: 0,
		prefixTokens,
		inputTokens: ownTokens,
		outputTokens,
	});
	for (const stage of report.stages)
		if (stage.failed > 0)
			throw new Error(
				`Requests failed: ${JSON.stringify(stage.errors)} ${JSON.stringify(stage.errorExamples)}`,
			);
	const [cold] = report.stages;
	const warm = report.stages.at(-1);
	if (cold === undefined || warm === undefined)
		throw new Error("The load generator reported no stage.");
	return { cold, warm };
}
