import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { splitUrl } from "./completion-client.ts";
import { formatReport } from "./format-report.ts";
import { planBenchmark } from "./options.ts";
import type { BenchmarkProgress } from "./progress.ts";
import { createProgressLine, formatProgress } from "./progress-line.ts";
import { runBenchmark } from "./run-benchmark.ts";

interface SeenRequest {
	path: string;
	headers: IncomingMessage["headers"];
	body: Record<string, unknown>;
}

type Answer = (
	request: SeenRequest,
	response: ServerResponse,
) => void | Promise<void>;

let server: Server;
let url: string;
let folder: string;
/** Completion requests, first one first. */
let seen: SeenRequest[];
let answer: Answer;
let inFlight: number;
let mostInFlight: number;
let tokenize: ((body: Record<string, unknown>) => unknown) | null;

const pause = (milliseconds: number) =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));
const event = (body: unknown) => `data: ${JSON.stringify(body)}\n\n`;
const piece = (content: string) =>
	event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const finish = event({
	choices: [{ index: 0, delta: {}, finish_reason: "length" }],
});
const done = "data: [DONE]\n\n";

function promptOf({ body }: SeenRequest): string {
	const messages = body.messages as { content: string }[] | undefined;
	return (
		messages?.map((message) => message.content).join(" ") ?? String(body.prompt)
	);
}

/** Ten tokens of template, one token a word. */
const promptTokens = (request: SeenRequest) =>
	10 + promptOf(request).split(" ").length;

/** Streams `max_tokens` pieces, the role before and the usage after them. */
const stream: Answer = async (request, response) => {
	const tokens = Number(request.body.max_tokens);
	response.writeHead(200, { "content-type": "text/event-stream" });
	response.write(
		event({
			choices: [
				{
					index: 0,
					delta: { role: "assistant", content: "" },
					finish_reason: null,
				},
			],
		}),
	);
	for (let index = 0; index < tokens; index++) {
		await pause(1);
		response.write(piece(`w${index} `));
	}
	const usage = {
		prompt_tokens: promptTokens(request),
		completion_tokens: tokens,
	};
	response.end(finish + event({ choices: [], usage }) + done);
};

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "galley-bench-"));
	seen = [];
	answer = stream;
	inFlight = 0;
	mostInFlight = 0;
	tokenize = null;
	server = createServer(async (request, response) => {
		const parts: Buffer[] = [];
		for await (const part of request) parts.push(part);
		const path = request.url ?? "";
		if (path === "/v1/models") {
			response.end(
				JSON.stringify({ data: [{ id: "first-model" }, { id: "other" }] }),
			);
			return;
		}
		if (request.method !== "POST") {
			response.writeHead(404).end();
			return;
		}
		const body = JSON.parse(Buffer.concat(parts).toString()) as Record<
			string,
			unknown
		>;
		if (path === "/tokenize") {
			response.statusCode = tokenize === null ? 404 : 200;
			response.end(
				JSON.stringify(tokenize?.(body) ?? { error: "no such route" }),
			);
			return;
		}
		mostInFlight = Math.max(mostInFlight, ++inFlight);
		response.on("close", () => inFlight--);
		const seenRequest = { path, headers: request.headers, body };
		seen.push(seenRequest);
		await answer(seenRequest, response);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
	await rm(folder, { recursive: true });
});

/** Lets preparation through, then answers the rest with `then`. */
function afterPreparation(then: Answer): void {
	answer = (request, response) =>
		request.body.max_tokens === 1
			? stream(request, response)
			: then(request, response);
}

const measured = () => seen.filter((request) => request.body.max_tokens !== 1);
const quick = { outputTokens: 4, inputTokens: 30, warmupRequests: 0, seed: 1 };

test("a closed loop sends every request, never more than its concurrency at once, and counts tokens by usage", async () => {
	const report = await runBenchmark({
		...quick,
		url,
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
		expect(stage.itlMs.count).toBe(6 * 3);
		expect(stage.tpotMs.count).toBe(6);
		expect(stage.e2eMs.min).toBeGreaterThanOrEqual(stage.ttftMs.min);
	}
	expect(report.stages.map((stage) => stage.peakConcurrency)).toEqual([1, 3]);
	expect(mostInFlight).toBe(3);
	expect(measured()).toHaveLength(12);
	expect(report).toMatchObject({
		isPartial: false,
		conditions: { model: "first-model", seed: 1, ignoreEos: true },
	});
});

test("the first token counts when text comes, not when the role does", async () => {
	afterPreparation(async (_, response) => {
		response.writeHead(200, { "content-type": "text/event-stream" });
		response.write(
			event({
				choices: [
					{
						index: 0,
						delta: { role: "assistant", content: "" },
						finish_reason: null,
					},
				],
			}),
		);
		await pause(60);
		response.end(piece("late") + finish + done);
	});
	const report = await runBenchmark({ ...quick, url, requests: 1 });
	expect(report.stages[0]?.ttftMs.min).toBeGreaterThanOrEqual(55);
	expect(report.stages[0]?.itlMs.count).toBe(0);
});

test("prompts get the asked length through usage alone", async () => {
	const report = await runBenchmark({
		...quick,
		url,
		requests: 5,
		inputTokens: 50,
	});
	expect(report.stages[0]?.inputTokens).toBe(5 * 50);
	expect(report.notes.join()).toContain("estimates");
});

test("prompts get the asked length through /tokenize, from words that are one token", async () => {
	const countTokens = (text: string) =>
		text.split(" ").reduce((sum, word) => sum + (word.length > 6 ? 3 : 1), 0);
	tokenize = (body) => ({
		tokens: Array(countTokens(String(body.prompt))).fill(1),
	});
	const report = await runBenchmark({
		...quick,
		url,
		requests: 5,
		inputTokens: 50,
		prefixTokens: 20,
	});
	expect(report.stages[0]?.inputTokens).toBe(5 * 70);
	expect(report.notes).toEqual([]);
	const words = measured().flatMap((request) => promptOf(request).split(" "));
	expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(6);
	const prefixes = measured().map((request) =>
		promptOf(request).split(" ").slice(0, 21).join(" "),
	);
	expect(new Set(prefixes).size).toBe(1);
	expect(new Set(measured().map(promptOf)).size).toBe(5);
});

test("an open loop sends on time although nothing has come back", async () => {
	afterPreparation(async (request, response) => {
		await pause(100);
		await stream(request, response);
	});
	const report = await runBenchmark({
		...quick,
		url,
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

test("every kind of failure is counted under its name and in no figure", async () => {
	const failures: Answer[] = [
		(_, response) => {
			response
				.writeHead(429, { "content-type": "application/json" })
				.end('{"error":{"message":"queue is full"}}');
		},
		(_, response) => {
			response
				.writeHead(200, { "content-type": "text/event-stream" })
				.end(piece("a"));
		},
		(_, response) => {
			response
				.writeHead(200, { "content-type": "text/event-stream" })
				.write(piece("a"), () => response.destroy());
		},
		(_, response) => {
			response
				.writeHead(200, { "content-type": "text/event-stream" })
				.end(piece("a") + event({ error: { message: "engine died" } }));
		},
		(_, response) => {
			response
				.writeHead(200, { "content-type": "text/event-stream" })
				.end(finish + done);
		},
		(_, response) => {
			response
				.writeHead(200, { "content-type": "application/json" })
				.end('{"choices":[]}');
		},
		// Once on a kept connection, once on the new one of the second try.
		(_, response) => {
			response.destroy();
		},
		(_, response) => {
			response.destroy();
		},
		() => {}, // never answers
	];
	afterPreparation((request, response) =>
		(failures.shift() ?? stream)(request, response),
	);
	const log = join(folder, "requests.jsonl");
	const report = await runBenchmark({
		...quick,
		url,
		requests: 10,
		timeoutSeconds: 0.3,
		requestLogFile: log,
	});
	const stage = report.stages[0];
	expect(stage?.errors).toEqual({
		http_429: 1,
		cut_stream: 2,
		stream_error: 1,
		no_output: 1,
		not_a_stream: 1,
		connection: 1,
		timeout: 1,
	});
	expect(stage).toMatchObject({ completed: 2, failed: 8, outputTokens: 8 });
	expect(stage?.errorExamples).toMatchObject({
		http_429: "queue is full",
		stream_error: "engine died",
	});
	expect(stage?.e2eMs.count).toBe(2);
	const lines = (await readFile(log, "utf8")).trim().split("\n");
	expect(lines).toHaveLength(10);
	expect(JSON.parse(lines[0] ?? "")).toMatchObject({
		stage: 1,
		error: "http_429",
		ttftMs: null,
	});
	expect(formatReport(report)).toContain(
		"1 at a time: 1 x http_429 (queue is full)",
	);
});

test("a request on a connection that the server has closed meanwhile is sent once more", async () => {
	let hasClosed = false;
	afterPreparation((request, response) => {
		if (hasClosed) return stream(request, response);
		hasClosed = true;
		response.destroy();
	});
	const report = await runBenchmark({ ...quick, url, requests: 3 });
	expect(report.stages[0]).toMatchObject({
		completed: 3,
		failed: 0,
		resent: 1,
	});
	expect(measured()).toHaveLength(4);
	expect(formatReport(report)).toContain("1 request(s) sent once more");
});

test("without usage, chunks are counted and the report says so", async () => {
	answer = (request, response) => {
		if (request.body.stream_options !== undefined) {
			response
				.writeHead(400, { "content-type": "application/json" })
				.end('{"error":{"message":"unknown field stream_options"}}');
			return;
		}
		response
			.writeHead(200, { "content-type": "text/event-stream" })
			.end(piece("a") + piece("b") + finish + done);
	};
	const report = await runBenchmark({ ...quick, url, requests: 2 });
	expect(report.stages[0]).toMatchObject({
		completed: 2,
		outputTokens: 4,
		outputTokensFrom: "chunks",
		inputTokens: 0,
	});
	expect(report.notes.join("\n")).toMatch(
		/stream_options(.|\n)*no prompt length/,
	);
	expect(formatReport(report)).toContain("the server sent no usage");
});

test("a server that refuses ignore_eos is asked without it, and the report says so", async () => {
	answer = (request, response) => {
		if (request.body.ignore_eos === undefined) return stream(request, response);
		response
			.writeHead(400, { "content-type": "application/json" })
			.end('{"error":{"message":"Unrecognized request argument"}}');
	};
	const report = await runBenchmark({ ...quick, url, requests: 2 });
	expect(report.conditions.ignoreEos).toBe(false);
	expect(report.stages[0]).toMatchObject({ completed: 2, failed: 0 });
	expect(report.notes.join()).toContain("ignore_eos");
});

test("a stream with a finish reason but no [DONE] has ended well", async () => {
	afterPreparation((_, response) => {
		response
			.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
			.end(piece("a") + finish);
	});
	const report = await runBenchmark({ ...quick, url, requests: 1 });
	expect(report.stages[0]).toMatchObject({ completed: 1, failed: 0 });
});

test("key, headers, endpoint, extra fields and prompts of a file reach the server as given", async () => {
	const file = join(folder, "prompts.jsonl");
	await writeFile(file, '{"prompt":"one two","max_tokens":2}\nthree\n');
	await runBenchmark({
		...quick,
		url: `${url}/v1/`,
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
		measured().map((request) => [
			request.path,
			request.body.prompt,
			request.body.max_tokens,
		]),
	).toEqual([
		["/v1/completions", "one two", 2],
		["/v1/completions", "three", 4],
		["/v1/completions", "one two", 2],
	]);
	const request = measured()[0];
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
		url,
		requests: 2,
		warmupRequests: 3,
	});
	expect(measured()).toHaveLength(5);
	expect(report.stages[0]?.completed).toBe(2);
});

test("a duration ends a stage; its last requests are finished", async () => {
	const report = await runBenchmark({
		...quick,
		url,
		durationSeconds: 0.1,
		concurrency: [2],
	});
	expect(report.stages[0]?.failed).toBe(0);
	expect(report.stages[0]?.completed).toBeGreaterThanOrEqual(2);
	expect(report.stages[0]?.completed).toBe(measured().length);
});

test("a signal ends the run and the report keeps what was measured", async () => {
	const controller = new AbortController();
	afterPreparation(async (request, response) => {
		if (measured().length === 3) controller.abort();
		else await stream(request, response);
	});
	const report = await runBenchmark({
		...quick,
		url,
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
	const report = await runBenchmark({ ...quick, url, requests: 1, jsonFile });
	expect(JSON.parse(await readFile(jsonFile, "utf8"))).toEqual(report);
});

test("progress counts up to the total and ends there", async () => {
	const progress: BenchmarkProgress[] = [];
	await runBenchmark(
		{ ...quick, url, requests: 4, warmupRequests: 1 },
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

test("a server that is not there and one without models are explained", async () => {
	await expect(
		runBenchmark({ ...quick, url: "http://127.0.0.1:1" }),
	).rejects.toThrow(/Is the server running/);
	await expect(
		runBenchmark({ ...quick, url: `${url}/nowhere`, model: undefined }),
	).rejects.toThrow();
	answer = (_, response) => {
		response
			.writeHead(401, { "content-type": "application/json" })
			.end('{"error":{"message":"no key"}}');
	};
	await expect(runBenchmark({ ...quick, url })).rejects.toThrow(
		/http_401.*no key/,
	);
});

test("options that make no sense are refused by name", () => {
	const plan = (options: object) => () => planBenchmark({ url, ...options }, 1);
	expect(plan({ concurrency: [0] })).toThrow(/concurrency/);
	expect(plan({ concurrency: [] })).toThrow(/at least one/);
	expect(plan({ concurrency: [1], requestRate: [1] })).toThrow(/not both/);
	expect(plan({ requestRate: [0] })).toThrow(/requestRate/);
	expect(plan({ requestRate: [1], burstiness: 0 })).toThrow(/burstiness/);
	expect(plan({ requests: 1.5 })).toThrow(/requests/);
	expect(plan({ lengthSpread: 1.1 })).toThrow(/lengthSpread/);
	expect(plan({ outputTokens: 0 })).toThrow(/outputTokens/);
	expect(plan({ durationSeconds: Number.NaN })).toThrow(/durationSeconds/);
});

test("a base URL gets /v1 only when it has no path", () => {
	expect(splitUrl("http://localhost:8000")).toEqual({
		origin: "http://localhost:8000",
		apiPath: "/v1",
	});
	expect(splitUrl("https://host/openai/v1/")).toEqual({
		origin: "https://host",
		apiPath: "/openai/v1",
	});
	for (const wrong of ["localhost:8000", "", "ftp://host"])
		expect(() => splitUrl(wrong)).toThrow(/not a URL/);
});

test("the progress line is written on terminals only and never longer than they are", () => {
	const written: string[] = [];
	const progress: BenchmarkProgress = {
		phase: "measuring",
		stage: 2,
		stages: 3,
		load: { mode: "closed", concurrency: 8 },
		completed: 11,
		failed: 1,
		total: 32,
		elapsedSeconds: 4,
		secondsLeft: 6.2,
		requestsPerSecond: 3,
		chunksPerSecond: 95.4,
	};
	expect(formatProgress(progress)).toBe(
		"[2/3] 8 at a time: 12/32, 1 failed, 3.0 requests/s, 95 tokens/s, 7 s left",
	);
	createProgressLine({ write: (text) => written.push(text) }).update(progress);
	expect(written).toEqual([]);
	createProgressLine({
		isTTY: true,
		columns: 20,
		write: (text) => written.push(text),
	}).update(progress);
	expect(written).toEqual(["\r\u001b[K[2/3] 8 at a time: "]);
});
