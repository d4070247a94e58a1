import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatReport } from "./format-report.ts";
import { runBenchmark } from "./run-benchmark.ts";
import {
	type Answer,
	CompletionServer,
	eventStream,
	refuse,
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

test("every kind of failure is counted under its name and in no figure", async () => {
	const failures: Answer[] = [
		(_, response) => {
			refuse(response, 429, "queue is full");
		},
		(_, response) => {
			response.writeHead(200, eventStream).end(sse.piece("a"));
		},
		(_, response) => {
			response
				.writeHead(200, eventStream)
				.write(sse.piece("a"), () => response.destroy());
		},
		(_, response) => {
			response
				.writeHead(200, eventStream)
				.end(sse.piece("a") + sse.event({ error: { message: "engine died" } }));
		},
		(_, response) => {
			response.writeHead(200, eventStream).end(sse.finish + sse.done);
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
	server.afterPreparation((request, response) =>
		(failures.shift() ?? stream)(request, response),
	);
	const log = join(folder, "requests.jsonl");
	const report = await runBenchmark({
		...quick,
		url: server.url,
		requests: 10,
		timeoutSeconds: 1.5,
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

test("what a refusal tells in Retry-After stands in the request's record", async () => {
	const refusals = [{ "retry-after": "7" }, { "retry-after": "soon" }, {}];
	server.afterPreparation((_, response) => {
		response.writeHead(429, refusals.shift() ?? {}).end("{}");
	});
	const log = join(folder, "requests.jsonl");
	await runBenchmark({
		...quick,
		url: server.url,
		requests: 3,
		requestLogFile: log,
	});
	const lines = (await readFile(log, "utf8")).trim().split("\n");
	expect(lines.map((line) => JSON.parse(line).retryAfterSeconds)).toEqual([
		7,
		null,
		null,
	]);
});

test("a request on a connection that the server has closed meanwhile is sent once more", async () => {
	let hasClosed = false;
	server.afterPreparation((request, response) => {
		if (hasClosed) return stream(request, response);
		hasClosed = true;
		response.destroy();
	});
	const report = await runBenchmark({ ...quick, url: server.url, requests: 3 });
	expect(report.stages[0]).toMatchObject({
		completed: 3,
		failed: 0,
		resent: 1,
	});
	expect(server.measured).toHaveLength(4);
	expect(formatReport(report)).toContain("1 request(s) sent once more");
});

test("without usage, chunks are counted and the report says so", async () => {
	server.answer = (request, response) => {
		if (request.body.stream_options !== undefined) {
			refuse(response, 400, "unknown field stream_options");
			return;
		}
		response
			.writeHead(200, eventStream)
			.end(sse.piece("a") + sse.piece("b") + sse.finish + sse.done);
	};
	const report = await runBenchmark({ ...quick, url: server.url, requests: 2 });
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
	server.answer = (request, response) => {
		if (request.body.ignore_eos === undefined) return stream(request, response);
		refuse(response, 400, "Unrecognized request argument");
	};
	const report = await runBenchmark({ ...quick, url: server.url, requests: 2 });
	expect(report.conditions.ignoreEos).toBe(false);
	expect(report.stages[0]).toMatchObject({ completed: 2, failed: 0 });
	expect(report.notes.join()).toContain("ignore_eos");
});

test("a stream with a sse.finish reason but no [DONE] has ended well", async () => {
	server.afterPreparation((_, response) => {
		response
			.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" })
			.end(sse.piece("a") + sse.finish);
	});
	const report = await runBenchmark({ ...quick, url: server.url, requests: 1 });
	expect(report.stages[0]).toMatchObject({ completed: 1, failed: 0 });
});

test("a server that is not there and one without models are explained", async () => {
	await expect(
		runBenchmark({ ...quick, url: "http://127.0.0.1:1" }),
	).rejects.toThrow(/Is the server running/);
	await expect(
		runBenchmark({ ...quick, url: `${server.url}/nowhere`, model: undefined }),
	).rejects.toThrow();
	server.answer = (_, response) => {
		refuse(response, 401, "no key");
	};
	await expect(runBenchmark({ ...quick, url: server.url })).rejects.toThrow(
		/http_401.*no key/,
	);
});
