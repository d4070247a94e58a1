/**
 * `npx tsx bench/api-ceiling/run.ts [--clients N] [--rounds N] [--seconds N] [--galley FILE] [--out DIRECTORY]`
 * How many chunks a second one service can stream when the engine costs nothing, against a bare `node:http` server that writes
 * chunks of the same size, in turn, with the same client. Then both at half of the lower rate: what the service adds to the gaps.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../../src/benchmark/statistics.ts";
import { CpuWatch } from "../harness/cpu-watch.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import {
	type ServerCommand,
	ServerFleet,
	type ServerProcess,
} from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import type { RawClientResult } from "./raw-client.ts";

interface Measurement extends RawClientResult {
	server: string;
	round: number;
	eventsPerSecond: number;
	foreignShare: number | null;
}

interface Settings {
	clients: number;
	rounds: number;
	seconds: number;
	galleyMain: string;
}

const tokensPerResponse = 1000;
const warmupSeconds = 2;
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function galley(
	{ galleyMain, clients }: Settings,
	stepMs: number,
): ServerCommand {
	const model = stepMs > 0 ? `fake:?stepMs=${stepMs}` : "fake:";
	return {
		name: stepMs > 0 ? "galley paced" : "galley",
		command: process.execPath,
		toArguments: (port) => [
			galleyMain,
			"run",
			model,
			"--port",
			String(port),
			"--max-num-seqs",
			String(clients),
		],
	};
}

function bare(eventBytes: number, stepMs: number): ServerCommand {
	return {
		name: stepMs > 0 ? "bare node:http paced" : "bare node:http",
		command: process.execPath,
		toArguments: (port) => [
			"--import",
			"tsx",
			program("bare-server.ts"),
			String(port),
			String(eventBytes),
			String(stepMs),
		],
	};
}

/** Without `ignore_eos`: the fake model never ends by itself, and to forbid the end it would have to compute its logits. */
function requestBody(model: string, maxTokens: number): string {
	const messages = [{ role: "user", content: "Say something." }];
	return JSON.stringify({
		model,
		messages,
		max_tokens: maxTokens,
		stream: true,
		temperature: 0,
	});
}

/** Name of the service's model and the mean size of its events on the wire, without HTTP's framing. */
async function sample(
	server: ServerProcess,
): Promise<{ model: string; eventBytes: number }> {
	const { data } = (await (await fetch(`${server.url}/v1/models`)).json()) as {
		data: { id: string }[];
	};
	const model = data[0]?.id ?? "";
	const response = await fetch(`${server.url}/v1/chat/completions`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: requestBody(model, 200),
	});
	const text = await response.text();
	const events = text.split("\n\n").length - 1;
	if (response.status !== 200 || events < 100)
		throw new Error(
			`The service did not stream: ${response.status} ${text.slice(0, 300)}`,
		);
	return { model, eventBytes: Math.round(Buffer.byteLength(text) / events) };
}

async function measure(
	fleet: ServerFleet,
	server: ServerProcess,
	body: string,
	round: number,
	settings: Settings,
): Promise<Measurement> {
	const watch = new CpuWatch(server.pid);
	const port = new URL(server.url).port;
	const output = await fleet.capture(process.execPath, [
		...[
			"--import",
			"tsx",
			program("raw-client.ts"),
			port,
			String(settings.clients),
		],
		...[String(warmupSeconds), String(settings.seconds), body],
	]);
	const result = JSON.parse(output) as RawClientResult;
	const measurement = {
		...result,
		server: server.name,
		round,
		eventsPerSecond: result.events / result.seconds,
		foreignShare: watch.foreignShare(),
	};
	console.log(
		`round ${round}: ${server.name}: ${measurement.eventsPerSecond.toFixed(0)} chunks/s, ` +
			`gap p50 ${result.gapMs.p50.toFixed(2)} ms, p99 ${result.gapMs.p99.toFixed(2)} ms (others used ${percent(measurement.foreignShare)})`,
	);
	return measurement;
}

/** A B A B: both servers run, one at a time is asked. */
async function compare(
	fleet: ServerFleet,
	pair: readonly ServerProcess[],
	body: string,
	settings: Settings,
): Promise<Measurement[]> {
	const measurements: Measurement[] = [];
	for (let round = 1; round <= settings.rounds; round++) {
		for (const server of pair)
			measurements.push(await measure(fleet, server, body, round, settings));
	}
	return measurements;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			clients: { type: "string", default: "64" },
			rounds: { type: "string", default: "3" },
			seconds: { type: "string", default: "5" },
			galley: { type: "string", default: program("../../dist/cli/main.js") },
			out: { type: "string", default: program("../results") },
		},
	});
	const settings: Settings = {
		clients: Number(values.clients),
		rounds: Number(values.rounds),
		seconds: Number(values.seconds),
		galleyMain: values.galley,
	};
	if (!existsSync(settings.galleyMain))
		throw new Error(`There is no ${settings.galleyMain}: run npm run build.`);
	const environment = describeEnvironment();
	await using fleet = new ServerFleet();

	const service = await fleet.start(galley(settings, 0));
	const { model, eventBytes } = await sample(service);
	const bound = await fleet.start(bare(eventBytes, 0));
	const full = await compare(
		fleet,
		[service, bound],
		requestBody(model, tokensPerResponse),
		settings,
	);
	await Promise.all([service.stop(), bound.stop()]);

	const of = (
		list: readonly Measurement[],
		server: string,
		figure: (measurement: Measurement) => number,
	) =>
		median(
			list.filter((measurement) => measurement.server === server).map(figure),
		);
	const rate = of(full, "galley", (measurement) => measurement.eventsPerSecond);
	const boundRate = of(
		full,
		"bare node:http",
		(measurement) => measurement.eventsPerSecond,
	);

	const stepMs = Math.max(
		1,
		Math.round((settings.clients * 1000) / (Math.min(rate, boundRate) / 2)),
	);
	const pacedService = await fleet.start(galley(settings, stepMs));
	const pacedBound = await fleet.start(bare(eventBytes, stepMs));
	const half = await compare(
		fleet,
		[pacedService, pacedBound],
		requestBody(model, tokensPerResponse),
		settings,
	);
	const gap = (server: string, key: "p50" | "p99") =>
		of(half, server, (measurement) => measurement.gapMs[key]);
	const row = (server: string) => [
		server.replace(" paced", ""),
		of(half, server, (measurement) => measurement.eventsPerSecond).toFixed(0),
		gap(server, "p50").toFixed(2),
		gap(server, "p99").toFixed(2),
	];

	const shares = [...full, ...half].map(
		(measurement) => measurement.foreignShare ?? 0,
	);
	const path = writeResult(
		values.out,
		{
			suite: "api-ceiling",
			title: "API ceiling: streaming without an engine's cost",
			environment,
		},
		{
			conditions: [
				`${settings.clients} clients, one streaming chat completion each at a time, ${tokensPerResponse} tokens long; fake engine, a step is instant`,
				`an event has ${eventBytes} bytes; the bare server writes events of that size, one to every client in turn`,
				`client: raw sockets in a process of its own, ${settings.seconds} s a measurement after ${warmupSeconds} s of warm-up; A B A B, median of ${settings.rounds}`,
				`others used at most ${percent(Math.max(...shares))} of the machine during a measurement`,
			],
			tables: [
				{
					title: "Chunks a second",
					head: ["Galley", "bare node:http", "ratio"],
					rows: [
						[
							rate.toFixed(0),
							boundRate.toFixed(0),
							`${(rate / boundRate).toFixed(2)}x`,
						],
					],
				},
				{
					title: `At half of the lower rate (a step every ${stepMs} ms): gaps between chunks of one stream, milliseconds`,
					head: ["", "chunks/s", "p50", "p99"],
					rows: [row("galley paced"), row("bare node:http paced")],
				},
			],
			notes: [
				`Galley adds ${(gap("galley paced", "p99") - gap("bare node:http paced", "p99")).toFixed(2)} ms to the p99 gap.`,
				"Galley writes what one engine message brings for a client at once; the bare server writes every event by itself.",
			],
			data: { full, half, eventBytes, stepMs },
		},
	);
	console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
