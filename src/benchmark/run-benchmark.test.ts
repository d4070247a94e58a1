import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BenchmarkProgress } from "./progress.ts";
import { runBenchmark } from "./run-benchmark.ts";
import {
	CompletionServer,
	eventStream,
	pause,
	promptOf,
	sse,
	stream,
} from "./testing/completion-server.ts";

let server: CompletionServer;
let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-bench-"));
	server = await CompletionServer.start();
});

afterEach(async () => {
	await server[Symbol.asyncDispose]();
	await rm(folder, { recursive: true });
});

const quick = { outputTokens: 4, inputTokens: 30, warmupRequests: 0, seed: 1 };

test("a closed loop sends every request, never more than its concurrency at once, and counts tokens by usage", async () => {
	const report = await runBenchmark({
		...quick,
		url: server.url,
		concurrency: [1, 3],
		requests: 6,
	});
	expect(report.stages.map((stage) => stage.load)).toEqual([
		{ mode: "closed", concurrency: 1 },
		{ mode: "closed", concurrency: 3 },
	]);
	for (const stage of report.stages) {
		expect(stage).toMatchObject({
			completed: 6,
			failed: 0,
			outputTokens: 24,
			outputTokensFrom: "usage",
		});
		expect(stage.ttftMs.count).toBe(6);
		// On a busy machine several tokens may come in one read.
		expect(stage.itlMs.count).toBeGreaterThan(0);
		expect(stage.itlMs.count).toBeLessThanOrEqual(6 * 3);
		expect(stage.tpotMs.count).toBe(6);
		expect(stage.e2eMs.min).toBeGreaterThanOrEqual(stage.ttftMs.min);
	}
	expect(report.stages.map((stage) => stage.peakConcurrency)).toEqual([1, 3]);
	expect(server.mostInFlight).toBe(3);
	expect(server.measured).toHaveLength(12);
	expect(report).toMatchObject({
		isPartial: false,
		conditions: { model: "first-model", seed: 1, ignoreEos: true },
	});
});

test("the first token counts when text comes, not when the role does", async () => {
	server.afterPreparation(async (_, response) => {
		response.writeHead(200, eventStream);
		response.write(sse.role);
		await pause(60);
		response.end(sse.piece("late") + sse.finish + sse.done);
	});
	const report = await runBenchmark({ ...quick, url: server.url, requests: 1 });
	expect(report.stages[0]?.ttftMs.min).toBeGreaterThanOrEqual(55);
	expect(report.stages[0]?.itlMs.count).toBe(0);
});

test("prompts get the asked length through usage alone", async () => {
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 5,
		inputTokens: 50,
	});
	expect(report.stages[0]?.inputTokens).toBe(5 * 50);
	expect(report.notes.join()).toContain("estimates");
});

test("prompts get the asked length through /tokenize, from words that are one token", async () => {
	const countTokens = (text: string) =>
		text.split(" ").reduce((sum, word) => sum + (word.length > 6 ? 3 : 1), 0);
	server.tokenize = (body) => ({
		tokens: Array(countTokens(String(body.prompt))).fill(1),
	});
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 5,
		inputTokens: 50,
		prefixTokens: 20,
	});
	expect(report.stages[0]?.inputTokens).toBe(5 * 70);
	expect(report.notes).toEqual([]);
	const words = server.measured.flatMap((request) =>
		promptOf(request).split(" "),
	);
	expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(6);
	const prefixes = server.measured.map((request) =>
		promptOf(request).split(" ").slice(0, 21).join(" "),
	);
	expect(new Set(prefixes).size).toBe(1);
	expect(new Set(server.measured.map(promptOf)).size).toBe(5);
});

test("an open loop sends on time although nothing has come back", async () => {
	server.afterPreparation(async (request, response) => {
		await pause(100);
		await stream(request, response);
	});
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requestRate: [200],
		requests: 12,
	});
	expect(report.stages[0]).toMatchObject({
		completed: 12,
		failed: 0,
		load: { mode: "open", requestRate: 200, burstiness: 1 },
	});
	expect(report.stages[0]?.peakConcurrency).toBeGreaterThan(5);
});

test("key, headers, endpoint, extra fields and prompts of a file reach the server as given", async () => {
	const file = join(folder, "prompts.jsonl");
	await writeFile(file, '{"prompt":"one two","max_tokens":2}\nthree\n');
	await runBenchmark({
		...quick,
		url: `${server.url}/v1/`,
		model: "mine",
		endpoint: "completions",
		apiKey: "secret",
		headers: { "x-tenant": "a" },
		extraBody: { top_k: 3 },
		promptsFile: file,
		requests: 3,
		temperature: null,
	});
	expect(
		server.measured.map((request) => [
			request.path,
			request.body.prompt,
			request.body.max_tokens,
		]),
	).toEqual([
		["/v1/completions", "one two", 2],
		["/v1/completions", "three", 4],
		["/v1/completions", "one two", 2],
	]);
	const request = server.measured[0];
	expect(request?.headers).toMatchObject({
		authorization: "Bearer secret",
		"x-tenant": "a",
	});
	expect(request?.body).toMatchObject({ model: "mine", top_k: 3 });
	expect(request?.body).not.toHaveProperty("ignore_eos");
	expect(request?.body).not.toHaveProperty("temperature");
});

test("warm-up requests are sent and not counted", async () => {
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 2,
		warmupRequests: 3,
	});
	expect(server.measured).toHaveLength(5);
	expect(report.stages[0]?.completed).toBe(2);
});

test("a duration ends a stage; its last requests are finished", async () => {
	const report = await runBenchmark({
		...quick,
		url: server.url,
		durationSeconds: 0.1,
		concurrency: [2],
	});
	expect(report.stages[0]?.failed).toBe(0);
	expect(report.stages[0]?.completed).toBeGreaterThanOrEqual(2);
	expect(report.stages[0]?.completed).toBe(server.measured.length);
});

test("a signal ends the run and the report keeps what was measured", async () => {
	const controller = new AbortController();
	server.afterPreparation(async (request, response) => {
		if (server.measured.length === 3) controller.abort();
		else await stream(request, response);
	});
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 100,
		concurrency: [1, 2],
		signal: controller.signal,
	});
	expect(report.isPartial).toBe(true);
	expect(report.stages).toHaveLength(1);
	expect(report.stages[0]).toMatchObject({ completed: 2, failed: 0 });
});

test("the report is written as JSON", async () => {
	const jsonFile = join(folder, "report.json");
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 1,
		jsonFile,
	});
	expect(JSON.parse(await readFile(jsonFile, "utf8"))).toEqual(report);
});

test("progress counts up to the total and ends there", async () => {
	const progress: BenchmarkProgress[] = [];
	await runBenchmark(
		{ ...quick, url: server.url, requests: 4, warmupRequests: 1 },
		(update) => progress.push(update),
	);
	expect([...new Set(progress.map((update) => update.phase))]).toEqual([
		"preparing",
		"warming up",
		"measuring",
	]);
	expect(progress.at(-1)).toMatchObject({
		total: 4,
		completed: 4,
		secondsLeft: 0,
	});
});
