import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnswerSink } from "../../proxy/answer-sink.ts";
import { readBodyFacts } from "../policy/body-facts.ts";
import { AnswerUsage } from "./answer-usage.ts";
import { WithoutUsage } from "./without-usage.ts";

const chatPath = "/v1/chat/completions";
const facts = readBodyFacts(Buffer.from(`{"model":"m","messages":[]}`));

function counted(path: string, type: string, pieces: readonly Buffer[]) {
	const counter = new AnswerUsage(path, facts);
	counter.head(200, { "content-type": type });
	for (const piece of pieces) counter.data(piece);
	counter.end({});
	return counter.usage();
}

const frame = (data: object | string) =>
	`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const chunk = (content: string, more: object = {}) =>
	frame({
		object: "chunk",
		choices: [{ index: 0, delta: { content } }],
		...more,
	});
const usage = {
	prompt_tokens: 12,
	completion_tokens: 3,
	total_tokens: 15,
	prompt_tokens_details: { cached_tokens: 8 },
};
/** What a model writes can't pass for a count. */
const trick = 'é "usage":{"prompt_tokens":9}, {"usage":null}\n\n';

const plain = `${chunk("")}${chunk(trick)}: keep-alive\n\n${chunk("b")}${frame("[DONE]")}`;
const withUsage =
	chunk("", { usage: null }) +
	chunk(trick, { usage: null }) +
	": keep-alive\n\n" +
	chunk("b", { usage: null }) +
	frame({ object: "chunk", choices: [], usage }) +
	frame("[DONE]");

const anthropic = [
	[
		"message_start",
		{
			message: {
				usage: {
					input_tokens: 4,
					cache_read_input_tokens: 8,
					cache_creation_input_tokens: 1,
					output_tokens: 1,
				},
			},
		},
	],
	["content_block_delta", { delta: { text: '"usage":{"output_tokens":1}' } }],
	["message_delta", { usage: { output_tokens: 7 } }],
	["message_stop", {}],
]
	.map(
		([type, data]) =>
			`event: ${type}\r\ndata: ${JSON.stringify({ type, ...(data as object) })}\r\n\r\n`,
	)
	.join("");

const responses =
	frame({
		type: "response.created",
		response: {
			usage: null,
			tools: [{ parameters: { properties: { usage: { type: "object" } } } }],
		},
	}) +
	frame({ type: "response.output_text.delta", delta: "a" }) +
	frame({
		type: "response.completed",
		response: {
			usage: {
				input_tokens: 5,
				input_tokens_details: { cached_tokens: 2 },
				output_tokens: 6,
			},
			tools: [
				{
					parameters: {
						properties: { usage: { input_tokens: 1, output_tokens: 1 } },
					},
				},
			],
		},
	});

const streams = [
	{ path: chatPath, text: withUsage, prompt: 12, cached: 8, completion: 3 },
	{
		path: chatPath,
		text: withUsage.replaceAll("\n", "\r\n"),
		prompt: 12,
		cached: 8,
		completion: 3,
	},
	{
		path: "/v1/messages",
		text: anthropic,
		prompt: 13,
		cached: 8,
		completion: 7,
	},
	{
		path: "/v1/responses",
		text: responses,
		prompt: 5,
		cached: 2,
		completion: 6,
	},
];

describe("the usage of a stream", () => {
	test.each(streams)("is read wherever it is cut: $path", (stream) => {
		const expected = {
			promptTokens: stream.prompt,
			cachedTokens: stream.cached,
			completionTokens: stream.completion,
			isEstimated: false,
		};
		const bytes = Buffer.from(stream.text);
		for (let at = 0; at <= bytes.length; at++)
			expect(
				counted(stream.path, "text/event-stream", [
					bytes.subarray(0, at),
					bytes.subarray(at),
				]),
			).toEqual(expected);
		const single = [...bytes].map((byte) => Buffer.from([byte]));
		expect(counted(stream.path, "text/event-stream", single)).toEqual(expected);
	});

	test("is estimated where the stream broke off before it was told", () => {
		const counter = new AnswerUsage(chatPath, facts);
		counter.head(200, { "content-type": "text/event-stream" });
		counter.data(Buffer.from(chunk("")));
		for (let token = 0; token < 20; token++)
			counter.data(Buffer.from(chunk("a")));
		expect(counter.usage()).toEqual({
			promptTokens: 7,
			cachedTokens: 0,
			completionTokens: 20,
			isEstimated: true,
		});
	});

	test("keeps what a message began with when it breaks off", () => {
		const counter = new AnswerUsage("/v1/messages", facts);
		counter.head(200, { "content-type": "text/event-stream" });
		counter.data(
			Buffer.from(
				anthropic.slice(0, anthropic.indexOf("event: message_delta")),
			),
		);
		expect(counter.usage()).toMatchObject({
			promptTokens: 13,
			cachedTokens: 8,
			isEstimated: true,
		});
	});
});

describe("the usage of a JSON answer", () => {
	const answers = [
		{
			path: chatPath,
			body: { choices: [{ message: { content: trick } }], usage },
			tokens: 15,
		},
		{
			path: chatPath,
			body: { usage, choices: [{ message: { content: trick } }], x: 1 },
			tokens: 15,
		},
		{
			path: "/v1/embeddings",
			body: {
				data: [{ embedding: [0.5, 1] }],
				usage: { prompt_tokens: 9, total_tokens: 9 },
			},
			tokens: 9,
		},
		{
			path: "/v1/messages",
			body: {
				content: [
					{
						type: "tool_use",
						input: { usage: { input_tokens: 1, output_tokens: 1 } },
					},
				],
				usage: { input_tokens: 4, output_tokens: 5 },
			},
			tokens: 9,
		},
		{
			path: "/v1/responses",
			body: {
				usage: { input_tokens: 4, output_tokens: 5 },
				text: {
					format: {
						schema: {
							properties: { usage: { input_tokens: 0, output_tokens: 0 } },
						},
					},
				},
			},
			tokens: 9,
		},
	];
	test.each(answers)(
		"is the one at its top, wherever it stands: $path",
		({ path, body, tokens }) => {
			for (const indent of [0, 2]) {
				const bytes = Buffer.from(JSON.stringify(body, null, indent));
				for (let at = 0; at <= bytes.length; at += 7) {
					const found = counted(path, "application/json", [
						bytes.subarray(0, at),
						bytes.subarray(at),
					]);
					expect(
						(found?.promptTokens ?? 0) + (found?.completionTokens ?? 0),
					).toBe(tokens);
					expect(found?.isEstimated).toBe(false);
				}
			}
		},
	);

	test("is found behind megabytes, of which the beginning isn't kept", () => {
		const body = JSON.stringify({
			data: [
				{ embedding: Array.from({ length: 400_000 }, (_, index) => index / 7) },
			],
			usage: { prompt_tokens: 9, total_tokens: 9 },
		});
		const bytes = Buffer.from(body);
		const pieces: Buffer[] = [];
		for (let at = 0; at < bytes.length; at += 65_536)
			pieces.push(bytes.subarray(at, at + 65_536));
		expect(
			counted("/v1/embeddings", "application/json", pieces)?.promptTokens,
		).toBe(9);
	});

	test("is nothing for an error, and for what takes no tokens", () => {
		const counter = new AnswerUsage(chatPath, facts);
		counter.head(400, { "content-type": "application/json" });
		counter.data(Buffer.from(`{"error":{},"usage":{"prompt_tokens":5}}`));
		counter.end({});
		expect(counter.usage()).toBeNull();
		expect(
			counted("/tokenize", "application/json", [
				Buffer.from(`{"tokens":[1,2]}`),
			]),
		).toBeNull();
		expect(new AnswerUsage(chatPath, facts).usage()).toBeNull();
	});

	test("is not believed where it can't be", () => {
		const body = Buffer.from(
			`{"usage":{"prompt_tokens":1e15,"completion_tokens":-4}}`,
		);
		expect(counted(chatPath, "application/json", [body])?.isEstimated).toBe(
			true,
		);
	});
});

class Client {
	readonly req = { method: "POST" };
	readonly statusCode = 200;
	readonly headersSent = true;
	writableEnded = false;
	readonly writableFinished = false;
	readonly destroyed = false;
	text = "";
	headers: Record<string, unknown> = {};
	writeHead(_: number, headers: Record<string, unknown>) {
		this.headers = headers;
	}
	flushHeaders() {}
	write(piece: Buffer) {
		this.text += piece.toString("latin1");
		return true;
	}
	end(piece?: Buffer | string) {
		if (piece !== undefined) this.write(Buffer.from(piece));
		this.writableEnded = true;
	}
	destroy() {}
	once() {}
	off() {}
}

function passed(pieces: readonly Buffer[], type = "text/event-stream"): string {
	const client = new Client();
	const sink = new WithoutUsage(client satisfies AnswerSink);
	sink.writeHead(200, { "content-type": type, "content-length": 5 });
	for (const piece of pieces) sink.write(piece);
	sink.end();
	expect(client.writableEnded).toBe(true);
	return Buffer.from(client.text, "latin1").toString();
}

describe("a client that didn't ask for usage", () => {
	test("gets the bytes that it would have got, wherever the stream is cut", () => {
		const bytes = Buffer.from(withUsage);
		for (let at = 0; at <= bytes.length; at++)
			expect(passed([bytes.subarray(0, at), bytes.subarray(at)])).toBe(plain);
		expect(passed([...bytes].map((byte) => Buffer.from([byte])))).toBe(plain);
	});

	test("keeps a usage that comes with a choice, and what is no stream", () => {
		const text = chunk("a", { usage });
		expect(passed([Buffer.from(text)])).toBe(text);
		const json = `{"usage":null,"choices":[]}`;
		expect(passed([Buffer.from(json)], "application/json")).toBe(json);
	});

	test("property: streams without usage pass byte for byte, in any pieces", () => {
		const content = fc.oneof(
			fc.string(),
			fc.constantFrom(trick, "\r\n", '","usage":null'),
		);
		fc.assert(
			fc.property(fc.array(content), fc.array(fc.nat(30)), (texts, cuts) => {
				const bare = texts.map((text) => chunk(text)).join("");
				const full =
					texts.map((text) => chunk(text, { usage: null })).join("") +
					frame({ choices: [], usage });
				const bytes = Buffer.from(full);
				const pieces: Buffer[] = [];
				let at = 0;
				for (const cut of cuts) {
					pieces.push(bytes.subarray(at, at + cut));
					at += cut;
				}
				pieces.push(bytes.subarray(at));
				expect(passed(pieces)).toBe(bare);
			}),
		);
	});

	test("what began and didn't end is passed at the end", () => {
		expect(passed([Buffer.from('data: {"a"')])).toBe('data: {"a"');
	});
});
