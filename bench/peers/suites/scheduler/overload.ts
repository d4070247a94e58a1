import { planArrivals } from "../../../../src/benchmark/arrivals.ts";
import { isGood } from "../../../../src/benchmark/goodput.ts";
import {
	runClosedLoop,
	runOpenLoop,
} from "../../../../src/benchmark/load-loop.ts";
import { summarize } from "../../../../src/benchmark/metrics.ts";
import type { RequestRecord } from "../../../../src/benchmark/request-record.ts";
import type { ServerProcess } from "../../../harness/server-process.ts";
import { galley, llamaServers, type ServeOptions } from "../../contenders.ts";
import { MemorySampler, type MemorySamples } from "./memory-sampler.ts";
import {
	type OverloadRun,
	overloadTables,
	overloadVerdicts,
} from "./overload-tables.ts";
import { RetryProbes } from "./retry-probes.ts";
import {
	type CaseContext,
	contestInTurns,
	type SchedulerCase,
} from "./scheduler-case.ts";
import { demand, Session } from "./session.ts";

const concurrency = 8;
const inputTokens = 128;
const outputTokens = 64;
const contextLength = 1024;
const overload = 2;
/** What users want: the first token in 5 seconds, then four tokens a second, which is about how fast people read. */
export const limits = { ttft: 5000, tpot: 250 };
/** Requests that have no answer so long after the last arrival are broken off: they have missed their limits long ago. */
const graceMs = 15_000;
const probeEveryMs = 4000;
const lateProbes = 5;

/** Twice as much as a server can do, for minutes. */
export const overloadCase: SchedulerCase = {
	names: ["overload"],
	conditions: (context) => [
		`capacity: closed loop, ${concurrency} at a time, ${inputTokens} in / ${outputTokens} out; then arrivals (Poisson) at ${overload} times that rate for ${loadSeconds(context)} s`,
		`a good request has its first token within ${limits.ttft / 1000} s and takes at most ${limits.tpot} ms a token after it; each request says so with X-Request-Deadline-Ms: ${limits.ttft}, which llama-server ignores; what is unfinished ${graceMs / 1000} s after the last arrival is broken off`,
		`Retry-After: every ${probeEveryMs / 1000} s, and ${lateProbes} times when arrivals have ended, a client that gets a 429 waits as told and tries again`,
	],
	run: async (context) => {
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
				measure: (running: ServerProcess) => measureOverload(context, running),
			})),
			(run) =>
				`capacity ${run.capacity.toFixed(2)}/s, goodput ${run.goodput.toFixed(2)}/s; of ${run.sent}: ${run.good} good, ${run.late} late, ${run.refused} refused, ${run.unfinished} unfinished, ${JSON.stringify(run.errors)}`,
		);
		return {
			verdicts: overloadVerdicts(runs),
			tables: overloadTables(runs),
			notes: [],
			runs,
		};
	},
};

function loadSeconds({ isQuick }: CaseContext): number {
	return isQuick ? 20 : 120;
}

async function measureOverload(
	context: CaseContext,
	server: ServerProcess,
): Promise<OverloadRun> {
	await using session = await Session.open(server.url, {
		"x-request-deadline-ms": String(limits.ttft),
	});
	const capacity = await measureCapacity(context, session);
	const durationMs = 1000 * loadSeconds(context);
	const arrivals = planArrivals(
		{
			requestRate: overload * capacity,
			burstiness: 1,
			requests: Number.POSITIVE_INFINITY,
			durationMs,
		},
		session.random,
	);
	const stop = new AbortController();
	const probes = new RetryProbes(session, () =>
		session.nextBody(inputTokens, outputTokens),
	);
	const sampler = new MemorySampler(server);
	probes.sendEvery(probeEveryMs);
	const timer = setTimeout(() => {
		probes.stopSending();
		for (let index = 0; index < lateProbes; index++) probes.send("after-load");
	}, durationMs);
	const giveUp = setTimeout(() => stop.abort(), durationMs + graceMs);
	let result: Awaited<ReturnType<typeof runOpenLoop>>;
	let memory: MemorySamples;
	try {
		result = await runOpenLoop({
			arrivals,
			send: (stageStart) =>
				session.stream(session.nextBody(inputTokens, outputTokens), {
					stageStart,
					signal: stop.signal,
				}),
			signal: stop.signal,
		});
	} finally {
		clearTimeout(giveUp);
		// A queue that is empty before the last arrival's time is over has its late probes too.
		await probes.settled(durationMs);
		clearTimeout(timer);
		memory = sampler.stop();
	}
	return {
		capacity,
		...countOutcomes(result.records, Math.max(result.durationMs, durationMs)),
		duringLoad: probes.outcomes("during-load"),
		afterLoad: probes.outcomes("after-load"),
		memory,
	};
}

async function measureCapacity(
	{ isQuick }: CaseContext,
	session: Session,
): Promise<number> {
	const { records, durationMs } = await runClosedLoop({
		concurrency,
		requests: (isQuick ? 1 : 3) * concurrency,
		durationMs: null,
		send: (stageStart) =>
			session.stream(session.nextBody(inputTokens, outputTokens), {
				stageStart,
			}),
		signal: new AbortController().signal,
	});
	records.forEach(demand);
	return summarize({
		load: { mode: "closed", concurrency },
		records,
		durationMs,
		goodput: null,
	}).requestThroughput;
}

export function countOutcomes(
	records: readonly RequestRecord[],
	durationMs: number,
): Omit<OverloadRun, "capacity" | "duringLoad" | "afterLoad" | "memory"> {
	const errors: Record<string, number> = {};
	let good = 0;
	let late = 0;
	let refused = 0;
	let unfinished = 0;
	for (const record of records) {
		if (record.error === null) {
			if (isGood(record, limits)) good++;
			else late++;
		} else if (record.error === "http_429") refused++;
		else if (record.error === "cancelled") unfinished++;
		else errors[record.error] = (errors[record.error] ?? 0) + 1;
	}
	return {
		goodput: good / (durationMs / 1000),
		sent: records.length,
		good,
		late,
		refused,
		unfinished,
		errors,
		retryAfterSeconds: records
			.map((record) => record.retryAfterSeconds)
			.filter((told) => told !== null),
		durationSeconds: durationMs / 1000,
	};
}
