import { fileURLToPath } from "node:url";
import type { StageReport } from "../../../src/benchmark/report.ts";
import { runBenchmark } from "../../../src/benchmark/run-benchmark.ts";
import type { ServerCommand } from "../../harness/server-process.ts";
import { percent, undisturbed } from "../../harness/undisturbed.ts";
import { runBatchedBench } from "../batched-bench.ts";
import { galley, llamaServers, type ServeOptions } from "../contenders.ts";
import { measureInstall } from "../install-size.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import {
	type BoundRun,
	installTable,
	latencyTable,
	megabytes,
	type ServerRun,
	startTable,
	throughputTable,
} from "./road-tables.ts";

const concurrency = [1, 4, 8];
const promptTokens = 64;
const outputTokens = 128;
const contextLength = 2048;

/** How fast one model streams to 1, 4 and 8 users, how soon it is there and what memory it takes. */
export const road: Suite = {
	name: "road",
	title: "The road: one model, short prompts, steady decoding",
	caseNames: [],
	run: async (context) => {
		const { galleyMain, model, threads } = context;
		const serve: ServeOptions = {
			galleyMain,
			modelPath: model.path,
			threads,
			sequences: Math.max(...concurrency),
			contextLength,
		};
		const contenders = [galley(serve), ...llamaServers(context.peer, serve)];
		const runs: ServerRun[] = [];
		const bounds: BoundRun[] = [];
		for (let round = 1; round <= context.rounds; round++) {
			// Each round starts with another server: none has the warmer or the quieter machine all the time.
			const turn = (round - 1) % contenders.length;
			for (const contender of [
				...contenders.slice(turn),
				...contenders.slice(0, turn),
			]) {
				runs.push(await measureServer(context, contender, round));
			}
			bounds.push(await measureBound(context, round));
		}
		const install = measureInstall(
			fileURLToPath(new URL("../../..", import.meta.url)),
		);
		const shares = [...runs.flatMap((run) => run.stages), ...bounds].map(
			(measured) => measured.foreignShare ?? 0,
		);
		const commands = [...new Set(runs.map((run) => run.command))].sort();
		return {
			conditions: [
				`model: ${model.name} (${megabytes(model.bytes)} MB), ${threads} threads each`,
				`requests: ${promptTokens} tokens in (random words), ${outputTokens} out, end of answer ignored, temperature 0, chat, streamed; closed loop`,
				`median of ${context.rounds} round(s); servers take turns within a round, one at a time; the load generator shares the machine`,
				`others used at most ${percent(Math.max(...shares))} of the machine during a measurement`,
				...commands.map((command) => `\`${command}\``),
			],
			tables: [
				throughputTable(runs, bounds, concurrency),
				latencyTable(runs, concurrency),
				startTable(runs, model.bytes),
				installTable(install),
			],
			notes: [
				"llama-server runs in both cache layouts; each cell takes the layout that is better there.",
				"llama-batched-bench has no HTTP, no sampling and no tokenizer; its figure includes prefill, as the servers' do.",
			],
			data: { runs, bounds, install },
		};
	},
};

async function measureServer(
	context: SuiteContext,
	contender: ServerCommand,
	round: number,
): Promise<ServerRun> {
	const server = await context.fleet.start(contender);
	try {
		context.log(
			`round ${round}: ${server.name}, ready after ${server.readySeconds.toFixed(2)} s`,
		);
		const stages: ServerRun["stages"] = [];
		for (const level of concurrency) {
			const { value: stage, foreignShare } = await undisturbed(
				() => measureStage(context, server.url, level),
				{
					...context,
					serverPid: server.pid,
				},
			);
			context.log(
				`  ${level} at a time: ${stage.outputThroughput.toFixed(1)} tokens/s, TPOT ${stage.tpotMs.mean.toFixed(1)} ms`,
			);
			stages.push({ ...stage, foreignShare });
		}
		return {
			name: contender.name,
			command: server.commandLine,
			round,
			readySeconds: server.readySeconds,
			memory: server.memory(),
			stages,
		};
	} finally {
		await server.stop();
	}
}

async function measureStage(
	context: SuiteContext,
	url: string,
	level: number,
): Promise<StageReport> {
	// Whole waves only: at the end no slot runs empty while others still work.
	const waves = context.isQuick ? 1 : level === 1 ? 4 : 3;
	const report = await runBenchmark({
		url,
		concurrency: [level],
		requests: waves * level,
		warmupRequests: level,
		inputTokens: promptTokens,
		outputTokens,
	});
	const stage = report.stages[0];
	if (stage === undefined || stage.failed > 0) {
		throw new Error(
			`Requests failed: ${JSON.stringify(stage?.errors)} ${JSON.stringify(stage?.errorExamples)}`,
		);
	}
	return stage;
}

async function measureBound(
	context: SuiteContext,
	round: number,
): Promise<BoundRun> {
	const { fleet, peer, model, threads } = context;
	const { value: rows, foreignShare } = await undisturbed(
		() =>
			runBatchedBench(fleet, peer, {
				modelPath: model.path,
				threads,
				promptTokens,
				outputTokens,
				concurrency,
			}),
		context,
	);
	context.log(`round ${round}: llama-batched-bench`);
	for (const row of rows) {
		context.log(
			`  ${row.concurrency} at a time, ${row.layout}: ${row.outputThroughput.toFixed(1)} tokens/s, decoding alone ${row.decodeThroughput.toFixed(1)}`,
		);
	}
	return { round, rows, foreignShare };
}
