import { expect, test } from "vitest";
import type { RequestRecord } from "../../../../src/benchmark/request-record.ts";
import type { Measured } from "./medians.ts";
import { summarizeMemory } from "./memory-sampler.ts";
import { countOutcomes } from "./overload.ts";
import {
	type OverloadRun,
	overloadTables,
	overloadVerdicts,
} from "./overload-tables.ts";
import { RetryProbes } from "./retry-probes.ts";

function record(change: Partial<RequestRecord>): RequestRecord {
	return {
		startMs: 0,
		error: null,
		errorMessage: null,
		ttftMs: 100,
		e2eMs: 1100,
		itlMs: [],
		inputTokens: 128,
		cachedTokens: 0,
		outputTokens: 64,
		outputTokensFrom: "usage",
		finishReason: "length",
		wasResent: false,
		retryAfterSeconds: null,
		...change,
	};
}

const refusal = record({ error: "http_429", retryAfterSeconds: 3 });

test("every request is good, late, refused, unfinished or an error, and only good ones count", () => {
	const outcomes = countOutcomes(
		[
			record({}),
			record({}),
			record({ ttftMs: 6000, e2eMs: 7000 }),
			record({ ttftMs: 100, e2eMs: 30_000 }),
			refusal,
			record({ error: "cancelled" }),
			record({ error: "http_500" }),
		],
		10_000,
	);
	expect(outcomes).toMatchObject({
		goodput: 0.2,
		sent: 7,
		good: 2,
		late: 2,
		refused: 1,
		unfinished: 1,
		errors: { http_500: 1 },
		retryAfterSeconds: [3],
	});
});

function measured(change: Partial<OverloadRun>): Measured<OverloadRun> {
	return {
		name: "galley",
		command: "galley",
		round: 1,
		foreignShare: 0,
		value: {
			capacity: 2,
			...countOutcomes([record({}), refusal], 1000),
			duringLoad: [],
			afterLoad: [{ retryAfterSeconds: 3, second: "accepted" }],
			memory: summarizeMemory([100, 100, 100]),
			...change,
		},
	};
}

const met = (run: Measured<OverloadRun>) =>
	overloadVerdicts([run]).map(({ isMet }) => isMet);

test("each promise under overload is judged by itself", () => {
	expect(met(measured({ goodput: 1.6 }))).toEqual([true, true, true, true]);
	expect(met(measured({ goodput: 1.5 }))).toEqual([false, true, true, true]);
	expect(met(measured({ goodput: 1.6, sent: 3 }))).toEqual([
		true,
		false,
		true,
		true,
	]);
	expect(
		met(
			measured({
				goodput: 1.6,
				afterLoad: [{ retryAfterSeconds: 3, second: "refused" }],
			}),
		),
	).toEqual([true, true, false, true]);
	expect(
		met(measured({ goodput: 1.6, memory: summarizeMemory([100, 100, 110]) })),
	).toEqual([true, true, true, false]);
});

test("a promise that nobody tried out is not met", () => {
	expect(met(measured({ goodput: 1.6, afterLoad: [] }))[2]).toBe(false);
	expect(overloadTables([measured({})])).toHaveLength(2);
});

test("memory is told from the start, the middle and the end", () => {
	expect(summarizeMemory([1, 5, 9, 4, 2])).toEqual({
		startBytes: 1,
		middleBytes: 9,
		endBytes: 2,
		peakBytes: 9,
	});
});

function createProbes(answers: RequestRecord[]) {
	const waits: number[] = [];
	const probes = new RetryProbes(
		{ stream: () => Promise.resolve(answers.shift() ?? record({})) },
		() => "{}",
		async (milliseconds) => {
			waits.push(milliseconds);
		},
	);
	return { probes, waits };
}

test("a refused client comes back once, after exactly what it was told", async () => {
	const { probes, waits } = createProbes([refusal]);
	probes.send("after-load");
	await probes.settled(0);
	expect(waits).toEqual([3000]);
	expect(probes.outcomes("after-load")).toEqual([
		{ retryAfterSeconds: 3, second: "accepted" },
	]);
	expect(probes.outcomes("during-load")).toEqual([]);
});

test("being refused again is told, being let in at first proves nothing", async () => {
	const { probes } = createProbes([refusal, refusal, record({})]);
	probes.send("during-load");
	await probes.settled(0);
	probes.send("during-load");
	await probes.settled(0);
	expect(probes.outcomes("during-load")).toEqual([
		{ retryAfterSeconds: 3, second: "refused" },
	]);
});

test("a refusal without Retry-After, or with an endless one, is not waited for", async () => {
	const { probes, waits } = createProbes([
		record({ error: "http_429" }),
		record({ error: "http_429", retryAfterSeconds: 9999 }),
	]);
	probes.send("after-load");
	await probes.settled(0);
	probes.send("after-load");
	await probes.settled(0);
	expect(waits).toEqual([]);
	expect(probes.outcomes("after-load").map(({ second }) => second)).toEqual([
		null,
		null,
	]);
});
