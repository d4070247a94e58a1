import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CpuWatch, parseProcessTicks } from "../harness/cpu-watch.ts";
import type { ServerFleet, ServerProcess } from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import type { LoadResult } from "./load-client.ts";

export type Contender = string;

export interface Measurement extends LoadResult {
	contender: Contender;
	round: number;
	/** Of the contender; of the engine where there is none. */
	cpuSeconds: number;
	foreignShare: number | null;
}

export interface Settings {
	connections: number;
	/** A second, as they come: not a new one when one has ended. Null keeps one on each connection. */
	rate: number | null;
	rounds: number;
	seconds: number;
	/** How often a measurement that others disturbed is repeated. */
	patience: number;
	/** Its work is part of every measurement. */
	enginePid: number;
}

/** Of the machine, used by others: what is measured above that is repeated, */
const tolerableShare = 0.1;

export const warmupSeconds = 2;
export const program = (name: string) =>
	fileURLToPath(new URL(name, import.meta.url));

/** A program on one core of this machine. */
export const onCore = (core: number, ...words: string[]) => ({
	command: "taskset",
	words: ["-c", String(core), process.execPath, ...words],
});

async function measure(
	fleet: ServerFleet,
	contender: Contender,
	server: ServerProcess,
	request: string,
	round: number,
	{ connections, seconds, enginePid, rate }: Settings,
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
		...(rate === null ? [] : [String(rate)]),
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
export async function compare(
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
