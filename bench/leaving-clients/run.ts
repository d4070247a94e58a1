/**
 * `npm run bench -- leaving-clients [--clients N] [--rounds N] [--out DIRECTORY]`
 * Clients that come and leave, in four manners: the gateway has to let go of each of them, and of what the service computes for
 * them. It ends with 1 when something is left.
 */
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "../harness/environment.ts";
import { readTreeMemory } from "../harness/process-memory.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet } from "../harness/server-process.ts";
import { comeAndLeave, comeTogether, type Door, manners } from "./clients.ts";

const { values } = parseArgs({
	options: {
		clients: { type: "string", default: "10000" },
		rounds: { type: "string", default: "3" },
		out: {
			type: "string",
			default: fileURLToPath(new URL("../results", import.meta.url)),
		},
	},
});
const clients = Number(values.clients);
const rounds = Number(values.rounds);
const atATime = 200;
const settleMs = 60_000;
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "galley-leaving-"));
process.env.GALLEY_DATA_DIR = join(directory, "data");
const fleetFile = join(directory, "fleet.yaml");
writeFileSync(
	fleetFile,
	`console: false\nservices: [{ name: steady, model: "fake:?stepMs=5" }]\n`,
);

interface Moment {
	when: string;
	gatewayRss: number;
	gatewayHeap: number;
	serviceRss: number;
	clientConnections: number;
	gatewaySockets: number;
	serviceSockets: number;
	gatewayRunning: number;
	serviceRunning: number;
	serviceWaiting: number;
	seconds: number;
}

async function measure(): Promise<Moment[]> {
	await using fleet = new ServerFleet();
	const server = await fleet.start({
		name: "galley up",
		command: process.execPath,
		toArguments: (port) => [main, "up", fleetFile, `--port=${port}`],
	});
	const { pid } = server;
	const port = Number(new URL(server.url).port);
	const door: Door = {
		host: "127.0.0.1",
		port,
		path: "/v1/chat/completions",
		body: JSON.stringify({
			model: "steady",
			messages: [{ role: "user", content: "Tell me a story." }],
			stream: true,
			max_tokens: 500,
		}),
	};
	const { url } = server;
	const service = await pidOfService(url);
	const look = async (when: string, seconds: number): Promise<Moment> => {
		const text = await (await fetch(`${url}/metrics`)).text();
		const metric = (name: string, labels: string) =>
			Number(
				new RegExp(`^${name}\\{[^}]*${labels}[^}]*\\} (\\S+)$`, "m").exec(
					text,
				)?.[1] ?? 0,
			);
		return {
			when,
			gatewayRss: residentBytes(pid),
			gatewayHeap: Number(
				/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1] ?? 0,
			),
			serviceRss: residentBytes(service),
			clientConnections: clientConnections(pid, port),
			gatewaySockets: openSockets(pid).length,
			serviceSockets: openSockets(service).length,
			gatewayRunning: metric("galley:gateway_requests_running", "steady"),
			serviceRunning: metric("galley:num_requests_running", "steady"),
			serviceWaiting: metric("galley:num_requests_waiting", "steady"),
			seconds,
		};
	};
	/** Until nothing of them runs any more, and idle connections have had their time. */
	const settled = async (when: string, seconds: number) => {
		const until = performance.now() + settleMs;
		for (;;) {
			const moment = await look(when, seconds);
			const { gatewayRunning, serviceRunning, serviceWaiting } = moment;
			const isQuiet = gatewayRunning + serviceRunning + serviceWaiting === 0;
			if (isQuiet || performance.now() > until) {
				await delay(6000);
				return look(when, seconds);
			}
			await delay(200);
		}
	};
	const round = async (count: number) => {
		const from = performance.now();
		for (let left = count; left > 0; left -= atATime)
			await Promise.all(
				Array.from({ length: Math.min(atATime, left) }, (_, place) =>
					comeAndLeave(door, place % manners.length),
				),
			);
		return (performance.now() - from) / 1000;
	};
	const moments = [await look("before", 0)];
	for (let number = 1; number <= rounds; number++) {
		const seconds = await round(clients);
		moments.push(await settled(`after round ${number}`, seconds));
	}
	const from = performance.now();
	await comeTogether(door, clients, async () => {
		moments.push(
			await look("all here at once", (performance.now() - from) / 1000),
		);
	});
	moments.push(await settled("after all left at once", 0));
	return moments;
}

async function pidOfService(url: string): Promise<number> {
	for (;;) {
		const answer = await fetch(`${url}/v1/fleet`);
		const { services } = (await answer.json()) as {
			services: { replicas: { phase: string; pid: number }[] }[];
		};
		const replica = services[0]?.replicas[0];
		if (replica?.phase === "ready") return replica.pid;
		await delay(100);
	}
}

const residentBytes = (pid: number) =>
	readTreeMemory(pid)[0]?.residentBytes ?? 0;

/** Of which kind: an embedded database opens files of its own as it needs them. */
function openSockets(pid: number): string[] {
	const folder = `/proc/${pid}/fd`;
	return readdirSync(folder).flatMap((file) => {
		try {
			const [, inode] =
				/^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, file))) ?? [];
			return inode ?? [];
		} catch {
			// It was closed meanwhile.
			return [];
		}
	});
}

/** Connections to the gateway's port, but for the one that asks. */
function clientConnections(pid: number, port: number): number {
	const own = new Set(openSockets(pid));
	const hex = port.toString(16).toUpperCase().padStart(4, "0");
	const listening = "0A";
	const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
	return lines.filter((line) => {
		const [, local = "", , state, , , , , , inode = ""] = line
			.trim()
			.split(/\s+/);
		return local.endsWith(`:${hex}`) && state !== listening && own.has(inode);
	}).length;
}

const mega = (bytes: number) => (bytes / 1e6).toFixed(0);

const environment = describeEnvironment();
try {
	const moments = await measure();
	const last = moments.at(-1);
	const failures = moments
		.filter(({ when }) => when.startsWith("after"))
		.flatMap(({ when, gatewayRunning, serviceRunning, clientConnections }) => [
			...(gatewayRunning + serviceRunning === 0
				? []
				: [`${when}: ${gatewayRunning} and ${serviceRunning} requests run.`]),
			// The one that asks, and the one before it.
			...(clientConnections <= 2
				? []
				: [`${when}: ${clientConnections} connections are open.`]),
		]);
	const first = moments[1];
	if (first !== undefined && last !== undefined && rounds > 1)
		if (last.gatewayRss > 1.5 * first.gatewayRss)
			failures.push("The gateway's memory grows from round to round.");
	const path = writeResult(
		values.out,
		{
			suite: "leaving-clients",
			title: `${clients.toLocaleString("en")} clients that come and leave`,
			environment,
		},
		{
			conditions: [
				`${rounds} rounds of ${clients} clients, ${atATime} at a time; a quarter each leaves ${manners.join(", ")}`,
				`then ${clients} connected at the same time, each in the middle of its request, which leave at once`,
				"one gateway, one service with the fake engine (5 ms a step, answers of 500 tokens); looked at when nothing runs any more, 6 s later",
			],
			tables: [
				{
					title: "What is left",
					head: [
						"",
						"took, s",
						"gateway RSS, MB",
						"its heap, MB",
						"clients' connections",
						"all its sockets",
						"requests running there",
						"service RSS, MB",
						"its sockets",
						"running and waiting there",
					],
					rows: moments.map((moment) => [
						moment.when,
						moment.seconds === 0 ? "-" : moment.seconds.toFixed(1),
						mega(moment.gatewayRss),
						mega(moment.gatewayHeap),
						String(moment.clientConnections),
						String(moment.gatewaySockets),
						String(moment.gatewayRunning),
						mega(moment.serviceRss),
						String(moment.serviceSockets),
						`${moment.serviceRunning} + ${moment.serviceWaiting}`,
					]),
				},
			],
			notes: [
				"a leak would grow from round to round; what the first round adds is the heap's size for such a load, which V8 keeps",
				"the sockets that are left beside the clients' are idle connections between gateway and service",
			],
			failures,
			data: moments,
		},
	);
	console.log(path);
	for (const failure of failures) console.error(failure);
	if (failures.length > 0) process.exitCode = 1;
} finally {
	rmSync(directory, { recursive: true, force: true });
}
