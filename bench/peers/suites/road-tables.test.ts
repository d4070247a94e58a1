import { expect, test } from "vitest";
import { summarize } from "../../../src/benchmark/metrics.ts";
import { type ServerRun, startTable, throughputTable } from "./road-tables.ts";

/** A run whose stage made so many tokens in a second, at 8 at a time. */
function createRun(name: string, round: number, tokens: number): ServerRun {
	const record = {
		startMs: 0,
		error: null,
		errorMessage: null,
		ttftMs: 10,
		e2eMs: 1000,
		itlMs: [],
		inputTokens: 64,
		cachedTokens: 0,
		outputTokens: tokens,
		outputTokensFrom: "usage",
		finishReason: "length",
		wasResent: false,
		retryAfterSeconds: null,
	} as const;
	const stage = summarize({
		load: { mode: "closed", concurrency: 8 },
		records: [record],
		durationMs: 1000,
		goodput: null,
	});
	const memory = [
		{
			pid: 1,
			command: "http",
			residentBytes: 90e6,
			anonymousBytes: 40e6,
			proportionalBytes: 80e6,
		},
		{
			pid: 2,
			command: "engine",
			residentBytes: 600e6,
			anonymousBytes: 500e6,
			proportionalBytes: 590e6,
		},
	];
	return {
		name,
		command: name,
		round,
		readySeconds: round,
		memory: name === "galley" ? memory : memory.slice(1),
		stages: [{ ...stage, foreignShare: 0 }],
	};
}

const runs = [
	...[100, 300, 200].map((tokens, index) =>
		createRun("galley", index + 1, tokens),
	),
	...[150, 160, 170].map((tokens, index) =>
		createRun("llama-server kv-unified", index + 1, tokens),
	),
	...[250, 80, 90].map((tokens, index) =>
		createRun("llama-server no-kv-unified", index + 1, tokens),
	),
];

test("throughput compares medians with the rival's better layout and with the better bound", () => {
	const bounds = [
		{
			round: 1,
			foreignShare: 0,
			rows: [
				{
					concurrency: 8,
					layout: "unified",
					decodeThroughput: 0,
					outputThroughput: 220,
				},
				{
					concurrency: 8,
					layout: "streams",
					decodeThroughput: 0,
					outputThroughput: 250,
				},
			] as const,
		},
	];
	expect(throughputTable(runs, bounds, [8]).rows).toEqual([
		[
			"8",
			"200.0 (100.0 to 300.0)",
			"160.0 (150.0 to 170.0) kv-unified",
			"1.25x",
			"250.0",
			"0.80x",
		],
	]);
});

test("memory has a row for each process and start the median of the rounds", () => {
	expect(startTable(runs, 145e6).rows).toEqual([
		["galley, HTTP process", "2.00", "90", "40", "670"],
		["galley, engine process", "", "600", "500", ""],
		["llama-server kv-unified", "2.00", "600", "500", "590"],
		["llama-server no-kv-unified", "2.00", "600", "500", "590"],
	]);
});
