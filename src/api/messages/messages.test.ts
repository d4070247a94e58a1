import { describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer } from "../testing/test-server.ts";

const question = { role: "user", content: "Hi" };
const basic = { model: "scripted", max_tokens: 50, messages: [question] };

function setUp(options: Parameters<typeof createScriptedService>[0] = {}) {
	const scripted = createScriptedService(options);
	const { app } = createTestServer({}, scripted);
	const post = (
		body: object,
		path = "/v1/messages",
		headers: Record<string, string> = {},
	) => app.inject({ method: "POST", url: path, payload: body, headers });
	const promptOf = async (body: object) => {
		const answer = await post({ ...basic, ...body });
		expect(answer.json()).not.toHaveProperty("error");
		return scripted.service.detokenize(
			scripted.requests.at(-1)?.promptTokens ?? [],
			{ renderSpecialTokens: true },
		);
	};
	return { scripted, app, post, promptOf };
}

interface Event {
	type: string;
	[name: string]: unknown;
}

function parseEvents(body: string): Event[] {
	return body
		.trimEnd()
		.split("\n\n")
		.map((frame) => {
			const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
			const event = JSON.parse(data ?? "") as Event;
			expect(event.type).toBe(name);
			return event;
		});
}

describe("POST /v1/messages", () => {
	it("answers with a message and its usage, cached tokens apart", async () => {
		const { post } = setUp();
		const answer = await post(basic);
		expect(answer.statusCode).toBe(200);
		expect(answer.headers["request-id"]).toBe(answer.headers["x-request-id"]);
		const message = answer.json();
		expect(message).toMatchObject({
			type: "message",
			role: "assistant",
			model: "scripted",
			content: [{ type: "text", text: "Hello, world!" }],
			stop_reason: "end_turn",
			stop_sequence: null,
			usage: { input_tokens: 1, output_tokens: 13 },
		});
		expect(message.id).toMatch(/^msg_[0-9a-f]{32}$/);
		expect(message.usage.cache_read_input_tokens).toBeGreaterThan(10);
	});

	it("streams events in Anthropic's order, without [DONE]", async () => {
		const { post } = setUp();
		const answer = await post({ ...basic, stream: true });
		expect(answer.headers["content-type"]).toContain("text/event-stream");
		const events = parseEvents(answer.body);
		expect(events.map(({ type }) => type)).toEqual([
			"message_start",
			"ping",
			"content_block_start",
			...Array(4).fill("content_block_delta"),
			"content_block_stop",
			"message_delta",
			"message_stop",
		]);
		expect(events[0]).toMatchObject({
			message: { content: [], stop_reason: null, usage: { output_tokens: 0 } },
		});
		expect(events[2]).toMatchObject({
			index: 0,
			content_block: { type: "text", text: "" },
		});
		expect(events.at(-2)).toMatchObject({
			delta: { stop_reason: "end_turn", stop_sequence: null },
			usage: { output_tokens: 13 },
		});
	});

	it("puts system texts first, merges turns of one role and ends at the assistant", async () => {
		const { promptOf } = setUp();
		const prompt = await promptOf({
			system: [
				{ type: "text", text: "Be", cache_control: { type: "ephemeral" } },
				{ type: "text", text: "brief." },
			],
			messages: [
				{ role: "user", content: "a" },
				{ role: "user", content: [{ type: "text", text: "b" }] },
				{ role: "assistant", content: "c" },
				{ role: "assistant", content: [{ type: "text", text: "d" }] },
				{ role: "user", content: "e" },
			],
		});
		const turn = (role: string, text: string) =>
			`<|im_start|>${role}\n${text}<|im_end|>\n`;
		expect(prompt).toBe(
			`${turn("system", "Be\nbrief.")}${turn("user", "a\nb")}${turn("assistant", "cd")}${turn("user", "e")}<|im_start|>assistant\n`,
		);
	});

	it("goes on with a last message of the assistant, spaces included", async () => {
		const { promptOf } = setUp();
		const prompt = await promptOf({
			messages: [question, { role: "assistant", content: "The answer is ( " }],
		});
		expect(prompt.endsWith("<|im_start|>assistant\nThe answer is ( ")).toBe(
			true,
		);
	});

	it("gives tools' results turns of their own and tells failures", async () => {
		const { promptOf } = setUp();
		const prompt = await promptOf({
			messages: [
				question,
				{
					role: "assistant",
					content: [
						{ type: "thinking", thinking: "Hm.", signature: "s" },
						{ type: "tool_use", id: "t1", name: "add", input: { a: 1 } },
						{ type: "tool_use", id: "t2", name: "add", input: {} },
					],
				},
				{
					role: "user",
					content: [
						{ type: "tool_result", tool_use_id: "t1", content: "4" },
						{
							type: "tool_result",
							tool_use_id: "t2",
							content: [{ type: "text", text: "no b" }],
							is_error: true,
						},
						{ type: "text", text: "So?" },
					],
				},
			],
		});
		expect(prompt).toContain(
			"<|im_start|>tool\n4<|im_end|>\n<|im_start|>tool\nError: no b<|im_end|>\n<|im_start|>user\nSo?<|im_end|>",
		);
	});

	it("takes max_tokens as a bound: the context's end is a reason of its own", async () => {
		const { post, scripted } = setUp({ maxModelLength: 64 });
		const deltas = ["x".repeat(100)];
		scripted.setScript({ deltas });
		const bound = await post({ ...basic, max_tokens: 3 });
		expect(bound.json()).toMatchObject({
			stop_reason: "max_tokens",
			content: [{ text: "xxx" }],
		});
		const all = await post({ ...basic, max_tokens: 32_000 });
		expect(all.statusCode).toBe(200);
		expect(all.json().stop_reason).toBe("model_context_window_exceeded");
	});

	it("names the stop sequence that ended it", async () => {
		const { app, scripted } = setUp();
		const { service } = scripted;
		service.generate = (_request, onEvent) => {
			setImmediate(() => {
				onEvent({
					type: "start",
					promptTokens: 3,
					cachedTokens: 0,
					promptLogprobs: null,
				});
				onEvent({
					type: "choice-end",
					choice: 0,
					finishReason: "stop",
					stopReason: "END",
				});
				const usage = { promptTokens: 3, cachedTokens: 0, completionTokens: 1 };
				onEvent({ type: "finish", usage });
			});
			return () => undefined;
		};
		const answer = await app.inject({
			method: "POST",
			url: "/v1/messages",
			payload: { ...basic, stop_sequences: ["END"] },
		});
		expect(answer.json()).toMatchObject({
			content: [],
			stop_reason: "stop_sequence",
			stop_sequence: "END",
		});
	});

	it("hands sampling, stop sequences and the user on", async () => {
		const { post, scripted } = setUp();
		await post({
			...basic,
			temperature: 0.5,
			top_p: 0.9,
			top_k: 7,
			stop_sequences: ["a", "b"],
			metadata: { user_id: "ann" },
			service_tier: "auto",
		});
		const request = scripted.requests[0];
		expect(request?.sampling).toMatchObject({
			temperature: 0.5,
			topP: 0.9,
			topK: 7,
		});
		expect(request?.stop).toMatchObject({
			stopStrings: ["a", "b"],
			maxTokens: 50,
		});
		expect(request?.tenant).toMatch(/^\/[0-9a-f]{16}$/);
	});

	const refusals: [name: string, fields: object, says: RegExp][] = [
		["no max_tokens", { max_tokens: undefined }, /'max_tokens' is required/],
		["an unknown field", { max_token: 5 }, /Did you mean 'max_tokens'/],
		[
			"an image",
			{
				messages: [{ role: "user", content: [{ type: "image", source: {} }] }],
			},
			/type 'image' are not supported/,
		],
		[
			"a server tool",
			{ tools: [{ type: "web_search_20250305", name: "web_search" }] },
			/'web_search_20250305' is not available/,
		],
		[
			"a result without its call",
			{
				messages: [
					{
						role: "user",
						content: [{ type: "tool_result", tool_use_id: "x", content: "1" }],
					},
				],
			},
			/answers no tool_use/,
		],
		[
			"a call without its result",
			{
				messages: [
					question,
					{
						role: "assistant",
						content: [{ type: "tool_use", id: "a", name: "b", input: {} }],
					},
				],
			},
			/ends with a tool_use/,
		],
		[
			"a choice of no tool",
			{ tool_choice: { type: "any" } },
			/there are no 'tools'/,
		],
		["a container", { container: "c1" }, /'container' is not supported/],
		["servers", { mcp_servers: [{ url: "x" }] }, /'mcp_servers'/],
		["speed", { speed: "fast" }, /'speed' is not supported/],
	];
	for (const [name, fields, says] of refusals) {
		it(`refuses ${name} in Anthropic's form`, async () => {
			const { post, scripted } = setUp();
			const answer = await post({ ...basic, ...fields });
			expect(answer.statusCode).toBe(400);
			const body = answer.json();
			expect(body).toMatchObject({
				type: "error",
				error: { type: "invalid_request_error" },
				request_id: answer.headers["request-id"],
			});
			expect(body.error.message).toMatch(says);
			expect(scripted.requests).toHaveLength(0);
		});
	}

	it("gives errors Anthropic's types by status", async () => {
		const { post, scripted, app } = setUp();
		const typeOf = async (error: GalleyError) => {
			scripted.setScript({ deltas: [], errorAtStart: error });
			const answer = await post(basic);
			return [answer.statusCode, answer.json().error.type];
		};
		const wait = { retryAfterSeconds: 3 };
		expect(await typeOf(new GalleyError("queue_full", "Full.", wait))).toEqual([
			429,
			"rate_limit_error",
		]);
		expect(await typeOf(new GalleyError("engine_crashed", "Dead."))).toEqual([
			503,
			"api_error",
		]);
		expect(await typeOf(new GalleyError("draining", "Going."))).toEqual([
			503,
			"overloaded_error",
		]);
		const unknown = await post({ ...basic, model: "nope" });
		expect(unknown.statusCode).toBe(404);
		expect(unknown.json().error.type).toBe("not_found_error");
		const wrongMethod = await app.inject("/v1/messages");
		expect(wrongMethod.statusCode).toBe(405);
		expect(wrongMethod.json().type).toBe("error");
		const broken = await app.inject({
			method: "POST",
			url: "/v1/messages?beta=true",
			headers: { "content-type": "application/json" },
			payload: '{"a":',
		});
		expect(broken.json()).toMatchObject({ type: "error" });
	});

	it("ends a failing stream with an error event", async () => {
		const { post, scripted } = setUp();
		const error = new GalleyError("engine_crashed", "The engine died.");
		scripted.setScript({
			deltas: ["a", "b"],
			errorAfter: { deltas: 1, error },
		});
		const events = parseEvents((await post({ ...basic, stream: true })).body);
		expect(events.at(-1)).toEqual({
			type: "error",
			error: { type: "api_error", message: "The engine died." },
		});
		expect(events.some(({ type }) => type === "message_stop")).toBe(false);
	});
});

describe("POST /v1/messages/count_tokens", () => {
	it("counts what the message would be given, and generates nothing", async () => {
		const { post, scripted } = setUp();
		const { model, messages } = basic;
		const answer = await post(
			{ model, messages, system: "Be brief." },
			"/v1/messages/count_tokens",
		);
		expect(answer.statusCode).toBe(200);
		expect(scripted.requests).toHaveLength(0);
		await post({ ...basic, system: "Be brief." });
		expect(answer.json()).toEqual({
			input_tokens: scripted.requests[0]?.promptTokens.length,
		});
	});
});

describe("a conversation that is longer than the context", () => {
	const long = { role: "user", content: "x".repeat(5000) };
	it("is counted all the same, in both APIs that count", async () => {
		const { post } = setUp({ maxModelLength: 1000 });
		const counted = await post(
			{ model: "scripted", messages: [long] },
			"/v1/messages/count_tokens",
		);
		expect(counted.statusCode).toBe(200);
		const { input_tokens: count } = counted.json();
		expect(count).toBeGreaterThan(5000);
		const input = await post({ input: [long] }, "/v1/responses/input_tokens");
		expect(input.json()).toMatchObject({ input_tokens: count });
	});

	it("is refused where there is something to generate", async () => {
		const { post } = setUp({ maxModelLength: 1000 });
		const answer = await post({ ...basic, messages: [long] });
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error.message).toContain("maximum context length");
	});
});

describe("what is found wrong after the request was taken", () => {
	const late = (message: string) =>
		new GalleyError("invalid_request", message, {
			param: "tools[0].function.parameters",
		});

	it("is told by its path in Anthropic's request", async () => {
		for (const message of [
			"Nothing here can enforce 'pattern'.",
			"'tools[0].function.parameters': nothing here can enforce 'pattern'.",
		]) {
			const errorAtStart = late(message);
			const { post } = setUp({ script: { deltas: [], errorAtStart } });
			for (const stream of [false, true]) {
				const answer = await post({ ...basic, stream });
				expect(answer.statusCode).toBe(400);
				expect(answer.json().error).toEqual({
					type: "invalid_request_error",
					message: expect.stringMatching(
						/^'tools\.0\.input_schema': [Nn]othing here can enforce 'pattern'\.$/,
					),
				});
			}
		}
	});

	it("is told so in a stream that has begun", async () => {
		const error = late("'tools[0].function.parameters' failed.");
		const { post } = setUp({
			script: { deltas: ["a"], errorAfter: { deltas: 1, error } },
		});
		const { body } = await post({ ...basic, stream: true });
		expect(parseEvents(body).at(-1)).toMatchObject({
			error: { message: "'tools.0.input_schema' failed." },
		});
	});

	it("has dotted paths where the schema finds it, too", async () => {
		const { post } = setUp();
		const answer = await post({ ...basic, messages: [question, { role: 3 }] });
		expect(answer.json().error.message).toContain("'messages.1.role'");
	});
});

describe("continue_final_message of a chat completion", () => {
	const messages = [question, { role: "assistant", content: "Once upon" }];
	it("ends the prompt inside the last message", async () => {
		const { post, scripted } = setUp();
		const body = { messages, continue_final_message: true };
		const rendered = await post(body, "/v1/chat/completions/render");
		expect(rendered.statusCode).toBe(200);
		expect(JSON.stringify(rendered.json())).toContain("Once upon");
		await post(
			{ ...body, add_generation_prompt: false },
			"/v1/chat/completions",
		);
		const prompt = scripted.service.detokenize(
			scripted.requests[0]?.promptTokens ?? [],
			{ renderSpecialTokens: true },
		);
		expect(prompt.endsWith("<|im_start|>assistant\nOnce upon")).toBe(true);
	});

	it("can't begin a new message too, nor go on with a call", async () => {
		const { post } = setUp();
		const both = await post(
			{ messages, continue_final_message: true, add_generation_prompt: true },
			"/v1/chat/completions",
		);
		expect(both.statusCode).toBe(400);
		expect(both.json().error.param).toBe("continue_final_message");
		const called = { name: "f", arguments: "{}" };
		const call = { id: "1", type: "function", function: called };
		const calls = await post(
			{
				messages: [question, { role: "assistant", tool_calls: [call] }],
				continue_final_message: true,
			},
			"/v1/chat/completions",
		);
		expect(calls.statusCode).toBe(400);
		expect(calls.json().error.message).toContain("calls tools");
	});
});
