import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import { requestStream } from "./testing/request-stream.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { parseEventStream } from "./testing/sse-parser.ts";
import { createTestServer } from "./testing/test-server.ts";

const chat = "/v1/chat/completions";
const legacy = "/v1/completions";
const messages = [{ role: "user", content: "Hello" }];

describe("a streamed chat completion", () => {
	it("is OpenAI's, byte for byte", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: ['Say "hi"\n', "", "\u2028é"] });
		const { answer, data, chunks } = await requestStream(server, chat, {
			messages,
		});
		const { id, created, system_fingerprint } = chunks[0];
		const chunk = (choice: string) =>
			`{"id":"${id}","object":"chat.completion.chunk","created":${created},"model":"scripted","system_fingerprint":"${system_fingerprint}","choices":[${choice}]}`;
		expect(data).toEqual([
			chunk(
				'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}',
			),
			chunk(
				'{"index":0,"delta":{"content":"Say \\"hi\\"\\n"},"logprobs":null,"finish_reason":null}',
			),
			chunk(
				'{"index":0,"delta":{"content":"\u2028é"},"logprobs":null,"finish_reason":null}',
			),
			chunk(
				'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop","stop_reason":null}',
			),
			"[DONE]",
		]);
		expect(id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
		expect(system_fingerprint).toMatch(/^fp_[0-9a-f]{10}$/);
		expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(60);
		expect(answer.headers).toMatchObject({
			"content-type": "text/event-stream; charset=utf-8",
			"cache-control": "no-cache",
			"x-accel-buffering": "no",
			"x-request-id": expect.any(String),
		});
	});

	it("ends with a usage chunk when asked, and all others say null", async () => {
		const { chunks } = await requestStream(createTestServer(), chat, {
			messages,
			stream_options: { include_usage: true },
		});
		const usageChunk = chunks.pop();
		expect(usageChunk.choices).toEqual([]);
		expect(usageChunk.usage).toEqual({
			prompt_tokens: 24,
			completion_tokens: 13,
			total_tokens: 37,
			prompt_tokens_details: { cached_tokens: 23 },
		});
		expect(chunks.every(({ usage }) => usage === null)).toBe(true);
	});

	it("keeps choices apart", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: ["a", "b"] });
		const { chunks } = await requestStream(server, chat, { messages, n: 3 });
		for (const index of [0, 1, 2]) {
			const own = chunks
				.flatMap(({ choices }) => choices)
				.filter((choice) => choice.index === index);
			expect(own[0].delta).toEqual({ role: "assistant", content: "" });
			const text = own.map(({ delta }) => delta.content ?? "").join("");
			expect(text).toBe("ab");
			expect(own.at(-1).finish_reason).toBe("stop");
		}
	});

	it("carries logprobs whose bytes are right where a token is half a character", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: ["é"] });
		const { chunks } = await requestStream(server, chat, {
			messages,
			logprobs: true,
			top_logprobs: 2,
		});
		const { content } = chunks[1].choices[0].logprobs;
		expect(content).toEqual([
			{
				token: "\\xc3",
				logprob: -0.5,
				bytes: [0xc3],
				top_logprobs: [
					{ token: "\\xc3", logprob: -0.5, bytes: [0xc3] },
					{ token: "x", logprob: -1.5, bytes: [120] },
				],
			},
			expect.objectContaining({ token: "\\xa9", bytes: [0xa9] }),
		]);
	});

	it("says the same as the answer in one piece", async () => {
		const server = createTestServer();
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string({ unit: "grapheme" }), { maxLength: 8 }),
				fc.integer({ min: 1, max: 3 }),
				fc.constantFrom(chat, legacy),
				async (deltas, n, url) => {
					server.scripted.setScript({ deltas });
					const payload =
						url === chat
							? { messages, n, logprobs: true, top_logprobs: 1 }
							: { prompt: "x", n, max_tokens: 1000, logprobs: 1, echo: true };
					const { chunks } = await requestStream(server, url, payload);
					const whole = (
						await server.app.inject({ method: "POST", url, payload })
					).json();
					for (const expected of whole.choices) {
						const pieces = chunks
							.flatMap(({ choices }) => choices)
							.filter(({ index }) => index === expected.index);
						const text = pieces
							.map(({ delta, text: own }) => delta?.content ?? own ?? "")
							.join("");
						expect(text).toBe(expected.message?.content ?? expected.text);
						expect(pieces.at(-1).finish_reason).toBe(expected.finish_reason);
						const tokens = pieces.flatMap(
							({ logprobs }) => logprobs?.content ?? logprobs?.tokens ?? [],
						);
						expect(tokens).toEqual(
							expected.logprobs.content ?? expected.logprobs.tokens,
						);
						const offsets = pieces.flatMap(
							({ logprobs }) => logprobs?.text_offset ?? [],
						);
						expect(offsets).toEqual(expected.logprobs.text_offset ?? []);
					}
				},
			),
			{ numRuns: 60 },
		);
	});
});

describe("an error", () => {
	const error = new GalleyError("engine_crashed", "The engine died.", {
		retryAfterSeconds: 1.2,
	});

	it("before the first event is an HTTP error with Retry-After", async () => {
		const server = createTestServer();
		server.scripted.setScript({ deltas: [], errorAtStart: error });
		const { app } = server;
		const answer = await app.inject({
			method: "POST",
			url: chat,
			payload: { messages, stream: true },
		});
		expect(answer.statusCode).toBe(503);
		expect(answer.headers["retry-after"]).toBe("2");
		expect(answer.json().error).toEqual({
			message: "The engine died.",
			type: "server_error",
			param: null,
			code: "engine_crashed",
		});
	});

	it("in a stream is its last event", async () => {
		const server = createTestServer();
		server.scripted.setScript({
			deltas: ["a", "b"],
			errorAfter: { deltas: 1, error },
		});
		const { answer, data } = await requestStream(server, chat, { messages });
		expect(answer.statusCode).toBe(200);
		expect(data).toHaveLength(3);
		expect(JSON.parse(data[2] ?? "").error.code).toBe("engine_crashed");
		expect(server.entries[0]).toMatchObject({
			status: 200,
			errorCode: "engine_crashed",
			completionTokens: 1,
		});
	});

	it("of one prompt is the error of the whole request, and the others are cancelled", async () => {
		const server = createTestServer();
		server.scripted.setScript(({ id }) =>
			id.endsWith("-1")
				? { deltas: ["a"], errorAfter: { deltas: 1, error } }
				: { deltas: ["a"], isSilent: id.endsWith("-2") },
		);
		const answer = await server.app.inject({
			method: "POST",
			url: legacy,
			payload: { prompt: ["x", "y", "z"] },
		});
		expect(answer.statusCode).toBe(503);
		const id = answer.headers["x-request-id"];
		expect(server.scripted.cancelled).toEqual([`${id}-0`, `${id}-2`]);
	});

	it("thrown by the service is answered like one it tells", async () => {
		const scripted = createScriptedService();
		const full = new GalleyError("queue_full", "Too many requests wait.", {
			retryAfterSeconds: 7,
		});
		const service = {
			...scripted.service,
			generate: () => {
				throw full;
			},
		};
		const { app } = createTestServer({}, { ...scripted, service });
		const answer = await app.inject({
			method: "POST",
			url: chat,
			payload: { messages },
		});
		expect(answer.statusCode).toBe(429);
		expect(answer.headers["retry-after"]).toBe("7");
		expect(answer.json().error.type).toBe("rate_limit_error");
	});

	it("that nobody foresaw is a 500 without its details, which the log has", async () => {
		const scripted = createScriptedService();
		const service = {
			...scripted.service,
			renderChat: () => {
				throw new TypeError("secret path");
			},
		};
		const { app, lines } = createTestServer({}, { ...scripted, service });
		const answer = await app.inject({
			method: "POST",
			url: chat,
			payload: { messages },
		});
		expect(answer.statusCode).toBe(500);
		expect(answer.body).not.toContain("secret");
		expect(lines).toHaveLength(1);
		expect(lines[0]?.level).toBe("error");
	});
});

it("every request ends in one terminal event, one log line and one metrics entry", async () => {
	const error = new GalleyError("engine_error", "Computing failed.");
	const script = fc.record({
		deltas: fc.array(fc.string(), { maxLength: 5 }),
		errorAfter: fc.option(
			fc.record({ deltas: fc.nat({ max: 5 }), error: fc.constant(error) }),
			{ nil: undefined },
		),
		errorAtStart: fc.option(fc.constant(error), {
			nil: undefined,
			freq: 10,
		}),
	});
	const server = createTestServer();
	const { terminalEvents } = server.scripted;
	await fc.assert(
		fc.asyncProperty(
			script,
			fc.boolean(),
			fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
			async ({ deltas, errorAfter, errorAtStart }, isStream, prompt) => {
				server.entries.length = 0;
				server.lines.length = 0;
				terminalEvents.length = 0;
				server.scripted.setScript({
					deltas,
					...(errorAfter === undefined ? {} : { errorAfter }),
					...(errorAtStart === undefined ? {} : { errorAtStart }),
				});
				const answer = await server.app.inject({
					method: "POST",
					url: legacy,
					payload: { prompt, stream: isStream },
				});
				const ids = new Set(terminalEvents.map(({ id }) => id));
				expect(ids.size).toBe(terminalEvents.length);
				expect(server.entries).toHaveLength(1);
				expect(server.lines).toHaveLength(1);
				if (isStream && answer.statusCode === 200) {
					const data = parseEventStream(answer.body);
					const ends = data.filter(
						(text) => text === "[DONE]" || text.startsWith('{"error"'),
					);
					expect(ends).toHaveLength(1);
					expect(data.at(-1)).toBe(ends[0]);
				}
			},
		),
		{ numRuns: 100 },
	);
});

it("logs and metrics hold counts and ids, never text", async () => {
	const { app, entries, lines } = createTestServer();
	await app.inject({
		method: "POST",
		url: chat,
		headers: { "x-request-id": "req-1" },
		payload: { messages: [{ role: "user", content: "my secret" }] },
	});
	await app.inject({
		method: "POST",
		url: chat,
		payload: { messages: [{ role: "user", content: { a: "my secret" } }] },
	});
	expect(entries[0]).toMatchObject({
		requestId: "req-1",
		method: "POST",
		route: chat,
		status: 200,
		model: "scripted",
		promptTokens: 28,
		completionTokens: 13,
		errorCode: null,
	});
	expect(entries[1]).toMatchObject({
		status: 400,
		errorCode: "invalid_request",
	});
	const logged = JSON.stringify(lines);
	expect(logged).not.toContain("secret");
	expect(logged).not.toContain("world");
});
