/**
 * `npm run bench -- gateway [--rounds N] [--seconds N] [--connections N] [--patience N] [--galley FILE] [--out DIRECTORY]`
 * What the gateway adds to a request, against asking its place directly; and how much it passes on, against the least that passes
 * anything on with the same HTTP client. Client and engine share one core, the contender has the other to itself.
 */
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../../src/benchmark/statistics.ts";
import { CpuWatch, parseProcessTicks } from "../harness/cpu-watch.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet, type ServerProcess } from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import type { LoadResult } from "./load-client.ts";

type Contender = "direct" | "bare undici" | "galley";

interface Measurement extends LoadResult {
	contender: Contender;
	round: number;
	/** Of the contender; of the engine where there is none. */
	cpuSeconds: number;
	foreignShare: number | null;
}

interface Settings {
	connections: number;
	rounds: number;
	seconds: number;
	/** How often a measurement that others disturbed is repeated. */
	patience: number;
	/** Its work is part of every measurement. */
	enginePid: number;
}

/** Of the machine, used by others: what is measured above that is repeated, */
const tolerableShare = 0.1;
/** and above that no result is written: it would say nothing. */
const worthlessShare = 0.3;

const warmupSeconds = 2;
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const messages = [
	{ role: "system", content: "You are a helpful assistant. ".repeat(8) },
	{ role: "user", content: "Tell me about the weather in the mountains." },
];
const body = (more: object) =>
	JSON.stringify({ model: "fake", messages, temperature: 0, ...more });

/** A program on one core of this machine. */
const onCore = (core: number, ...words: string[]) => ({
	command: "taskset",
	words: ["-c", String(core), process.execPath, ...words],
});

async function measure(
	fleet: ServerFleet,
	contender: Contender,
	server: ServerProcess,
	request: string,
	round: number,
	{ connections, seconds, enginePid }: Settings,
): Promise<Measurement> {
	const watch = new CpuWatch(server.pid, enginePid);
	const before = cpuTicks(server.pid);
	const client = onCore(
		0,
		"--import",
		"tsx",
		program("load-client.ts"),
		new URL(server.url).port,
		String(connections),
		String(warmupSeconds),
		String(seconds),
		request,
	);
	const output = await fleet.capture(client.command, client.words);
	const result = JSON.parse(output) as LoadResult;
	const measured = seconds / (seconds + warmupSeconds);
	const measurement = {
		...result,
		contender,
		round,
		cpuSeconds: ((cpuTicks(server.pid) - before) / 100) * measured,
		foreignShare: watch.foreignShare(),
	};
	console.log(
		`  ${round} ${contender.padEnd(12)} ${(result.requests / result.seconds).toFixed(0)} requests/s, ` +
			`${(result.events / result.seconds).toFixed(0)} events/s, p50 ${result.ms.p50.toFixed(2)}, p99 ${result.ms.p99.toFixed(2)} ms, ` +
			`CPU ${measurement.cpuSeconds.toFixed(2)} s (others used ${percent(measurement.foreignShare)})`,
	);
	return measurement;
}

const cpuTicks = (pid: number) =>
	parseProcessTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** A B C, then B C A and so on. */
async function compare(
	fleet: ServerFleet,
	title: string,
	servers: readonly (readonly [Contender, ServerProcess])[],
	request: string,
	settings: Settings,
): Promise<Measurement[]> {
	console.log(title);
	const measurements: Measurement[] = [];
	for (let round = 0; round < settings.rounds; round++) {
		for (let turn = 0; turn < servers.length; turn++) {
			const entry = servers[(turn + round) % servers.length];
			if (entry === undefined) continue;
			let best = await measure(fleet, ...entry, request, round + 1, settings);
			for (let left = settings.patience; left > 0; left--) {
				if ((best.foreignShare ?? 0) <= tolerableShare) break;
				const again = await measure(
					fleet,
					...entry,
					request,
					round + 1,
					settings,
				);
				if ((again.foreignShare ?? 0) < (best.foreignShare ?? 0)) best = again;
			}
			measurements.push(best);
		}
	}
	return measurements;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			connections: { type: "string", default: "64" },
			rounds: { type: "string", default: "3" },
			seconds: { type: "string", default: "5" },
			patience: { type: "string", default: "2" },
			galley: { type: "string", default: program("../../dist/cli/main.js") },
			out: { type: "string", default: program("../results") },
		},
	});
	if (!existsSync(values.galley))
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	const environment = describeEnvironment();
	const folder = mkdtempSync(join(tmpdir(), "galley-bench-"));
	process.env.GALLEY_DATA_DIR = folder;
	try {
		await using fleet = new ServerFleet();
		const start = (
			name: string,
			core: number,
			toWords: (port: number) => string[],
		) => {
			const { command } = onCore(core);
			return fleet.start({
				name,
				command,
				toArguments: (port) => onCore(core, ...toWords(port)).words,
			});
		};
		const engine = await start("fake engine", 0, (port) => [
			"--import",
			"tsx",
			program("fake-engine.ts"),
			String(port),
		]);
		const enginePort = new URL(engine.url).port;
		const settings: Settings = {
			connections: Number(values.connections),
			rounds: Number(values.rounds),
			seconds: Number(values.seconds),
			patience: Number(values.patience),
			enginePid: engine.pid,
		};
		const bare = await start("bare undici", 1, (port) => [
			"--import",
			"tsx",
			program("bare-proxy.ts"),
			String(port),
			enginePort,
		]);
		const file = join(folder, "fleet.yaml");
		writeFileSync(
			file,
			`gateway: { port: 1 }\nupstreams: [{ name: engine, url: "${engine.url}/v1", models: [fake] }]\nconsole: false\n`,
		);
		const galley = await start("galley up", 1, (port) => [
			values.galley,
			"up",
			file,
			"--port",
			String(port),
			"--log-level",
			"warn",
		]);
		const contenders = [
			["direct", engine],
			["bare undici", bare],
			["galley", galley],
		] as const;
		const passing = contenders.slice(1);
		const delayMs = 100;
		const slow = await compare(
			fleet,
			`Answers of ${delayMs} ms`,
			contenders,
			body({ delay_ms: delayMs }),
			settings,
		);
		const streams = await compare(
			fleet,
			"Streams, a token every 20 ms",
			contenders,
			body({ stream: true, step_ms: 20, max_tokens: 32 }),
			settings,
		);
		const flood = await compare(
			fleet,
			"Answers at once",
			passing,
			body({}),
			settings,
		);
		const tokens = await compare(
			fleet,
			"Streams as fast as they go",
			passing,
			body({ stream: true, max_tokens: 500 }),
			settings,
		);
		const share = median(
			[...slow, ...streams, ...flood, ...tokens].map(
				({ foreignShare }) => foreignShare ?? 0,
			),
		);
		if (share > worthlessShare)
			throw new Error(
				`Others used ${percent(share)} of the machine: nothing is written. Run it again when it is quiet.`,
			);
		const path = report(values.out, environment, settings, {
			delayMs,
			slow,
			streams,
			flood,
			tokens,
		});
		console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

interface Measured {
	delayMs: number;
	slow: Measurement[];
	streams: Measurement[];
	flood: Measurement[];
	tokens: Measurement[];
}

function report(
	out: string,
	environment: ReturnType<typeof describeEnvironment>,
	{ connections, rounds, seconds }: Settings,
	measured: Measured,
): string {
	const { delayMs, slow, streams, flood, tokens } = measured;
	const of = (
		list: readonly Measurement[],
		contender: Contender,
		figure: (measurement: Measurement) => number,
	) => median(list.filter((one) => one.contender === contender).map(figure));
	const added = (
		list: readonly Measurement[],
		contender: Contender,
		figure: (measurement: Measurement) => number,
	) => (of(list, contender, figure) - of(list, "direct", figure)).toFixed(2);
	const latencyRow = (
		list: readonly Measurement[],
		contender: Contender,
		pick: "ms" | "firstMs",
	) => [
		contender,
		of(list, contender, (one) => one.requests / one.seconds).toFixed(0),
		of(list, contender, (one) => one[pick].p50).toFixed(2),
		of(list, contender, (one) => one[pick].p99).toFixed(2),
		contender === "direct"
			? ""
			: added(list, contender, (one) => one[pick].p50),
		contender === "direct"
			? ""
			: added(list, contender, (one) => one[pick].p99),
	];
	const latencyHead = [
		"",
		"requests/s",
		"p50",
		"p99",
		"added p50",
		"added p99",
	];
	const all: Contender[] = ["direct", "bare undici", "galley"];
	const rateRow = (
		list: readonly Measurement[],
		what: string,
		count: (measurement: Measurement) => number,
	) => {
		const rate = (one: Measurement) => count(one) / one.seconds;
		const perCpu = (one: Measurement) => count(one) / one.cpuSeconds;
		const ratio = (figure: (one: Measurement) => number) =>
			(of(list, "galley", figure) / of(list, "bare undici", figure)).toFixed(2);
		return [
			what,
			of(list, "galley", rate).toFixed(0),
			of(list, "bare undici", rate).toFixed(0),
			`${ratio(rate)}x`,
			of(list, "galley", perCpu).toFixed(0),
			of(list, "bare undici", perCpu).toFixed(0),
			`${ratio(perCpu)}x`,
		];
	};
	const shares = [...slow, ...streams, ...flood, ...tokens].map(
		({ foreignShare }) => foreignShare ?? 0,
	);
	return writeResult(
		out,
		{
			suite: "gateway",
			title: "The gateway: what it adds, and how much it passes on",
			environment,
		},
		{
			conditions: [
				`${connections} connections, one request at a time on each; a chat completion of ${body({}).length} bytes`,
				"fake engine and load client on core 0, the contender alone on core 1 (taskset); loopback",
				"bare undici: node:http and the same HTTP client, one place, no routing, keys, limits, counting or errors of its own",
				"galley: `galley up` with the fake engine as an upstream",
				`${seconds} s a measurement after ${warmupSeconds} s of warm-up; contenders in turn, another one first in each round; medians of ${rounds}`,
				`others used ${percent(median(shares))} of the machine (median), ${percent(Math.max(...shares))} at most`,
			],
			tables: [
				{
					title: `Answers of ${delayMs} ms: milliseconds`,
					head: latencyHead,
					rows: all.map((contender) => latencyRow(slow, contender, "ms")),
				},
				{
					title:
						"Streams of 32 tokens, one every 20 ms: time to the first, milliseconds",
					head: latencyHead,
					rows: all.map((contender) =>
						latencyRow(streams, contender, "firstMs"),
					),
				},
				{
					title: "As fast as it goes",
					head: [
						"",
						"galley/s",
						"bare/s",
						"ratio",
						"galley/CPU second",
						"bare/CPU second",
						"ratio",
					],
					rows: [
						rateRow(flood, "requests", ({ requests }) => requests),
						rateRow(tokens, "streamed events", ({ events }) => events),
					],
				},
			],
			notes: [
				"What is measured a CPU second of the contender does not depend on what others do on the machine, nor on whether the engine keeps up; the rates do.",
				"Not measured here: LiteLLM's documentation states 2 ms median and 13 ms p99 that its proxy adds (docs.litellm.ai, benchmarks), on other hardware.",
			],
			data: measured,
		},
	);
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
