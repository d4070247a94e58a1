import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer, listenForTest } from "../testing/test-server.ts";

const scripted = createScriptedService({ maxModelLength: 2048 });
const { app, entries } = createTestServer({}, scripted);
let client: OpenAI;
let baseURL: string;

beforeAll(async () => {
	baseURL = `${await listenForTest(app)}/v1`;
	client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
});
afterAll(() => app.close());
beforeEach(() => {
	scripted.setScript({ deltas: ["Hello", ",", " world", "!"] });
	scripted.requests.length = 0;
	scripted.cancelled.length = 0;
	entries.length = 0;
});

const model = "scripted";
const slow = {
	deltas: Array.from({ length: 5000 }, () => "x"),
	delayMs: 2,
};

function lastPrompt(): string {
	const { promptTokens } = scripted.requests.at(-1) ?? { promptTokens: [] };
	return scripted.service.detokenize(promptTokens, {
		renderSpecialTokens: true,
	});
}

describe("the official client's responses", () => {
	it("answers a text", async () => {
		const response = await client.responses.create({
			model,
			input: "Hi",
			instructions: "Be kind.",
			max_output_tokens: 100,
			temperature: 0.5,
			metadata: { topic: "greeting" },
			user: "someone",
			service_tier: "auto",
			prompt_cache_key: "k",
		});
		expect(response.output_text).toBe("Hello, world!");
		expect(response).toMatchObject({
			object: "response",
			status: "completed",
			model: "scripted",
			instructions: "Be kind.",
			metadata: { topic: "greeting" },
			temperature: 0.5,
			error: null,
			incomplete_details: null,
			max_output_tokens: 100,
			usage: {
				output_tokens: 13,
				output_tokens_details: { reasoning_tokens: 0 },
			},
		});
		expect(response.id).toMatch(/^resp_[0-9a-f]{48}$/);
		expect(lastPrompt()).toBe(
			"<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
		);
		expect(entries[0]).toMatchObject({ status: 200, completionTokens: 13 });
	});

	it("streams every event, numbered, in order", async () => {
		const stream = await client.responses.create({
			model,
			input: "Hi",
			stream: true,
		});
		const types: string[] = [];
		const numbers: number[] = [];
		for await (const event of stream) {
			types.push(event.type);
			numbers.push(event.sequence_number);
		}
		expect(types).toEqual([
			"response.created",
			"response.in_progress",
			"response.output_item.added",
			"response.content_part.added",
			"response.output_text.delta",
			"response.output_text.delta",
			"response.output_text.delta",
			"response.output_text.delta",
			"response.output_text.done",
			"response.content_part.done",
			"response.output_item.done",
			"response.completed",
		]);
		expect(numbers).toEqual(types.map((_, index) => index));
	});

	it("gathers a stream with its own accumulator", async () => {
		const runner = client.responses.stream({ model, input: "Hi" });
		const response = await runner.finalResponse();
		expect(response.status).toBe("completed");
		expect(response.output_text).toBe("Hello, world!");
		const stored = await client.responses.retrieve(response.id);
		expect(stored.output_text).toBe("Hello, world!");
	});

	it("says why an answer is incomplete, streamed and not", async () => {
		const params = { model, input: "Hi", max_output_tokens: 5 };
		const whole = await client.responses.create(params);
		expect(whole).toMatchObject({
			status: "incomplete",
			incomplete_details: { reason: "max_output_tokens" },
			output: [{ status: "incomplete" }],
		});
		expect(whole.output_text).toBe("Hello");
		const runner = client.responses.stream(params);
		const types: string[] = [];
		for await (const event of runner) types.push(event.type);
		expect(types.at(-1)).toBe("response.incomplete");
		expect((await runner.finalResponse()).status).toBe("incomplete");
	});

	it("gives log-probabilities", async () => {
		const response = await client.responses.create({
			model,
			input: "Hi",
			include: ["message.output_text.logprobs"],
			top_logprobs: 2,
		});
		const [message] = response.output;
		if (message?.type !== "message") throw new Error("no message");
		expect(message.content[0]).toMatchObject({
			type: "output_text",
			logprobs: expect.arrayContaining([
				{
					token: "H",
					logprob: -0.5,
					bytes: [72],
					top_logprobs: [
						{ token: "H", logprob: -0.5, bytes: [72] },
						{ token: "x", logprob: -1.5, bytes: [120] },
					],
				},
			]),
		});
	});

	it("parses what a schema forced, whole and streamed", async () => {
		scripted.setScript({ deltas: ['{"name":', '"Ada"}'] });
		const format = zodTextFormat(z.object({ name: z.string() }), "person");
		const params = { model, input: "Who?", text: { format } };
		const parsed = await client.responses.parse(params);
		expect(parsed.output_parsed).toEqual({ name: "Ada" });
		const streamed = await client.responses.stream(params).finalResponse();
		expect(streamed.output_parsed).toEqual({ name: "Ada" });
		expect(scripted.requests[0]?.constraint).toMatchObject({
			kind: "json-schema",
			name: "person",
			isStrict: true,
		});
		await client.responses.create({
			model,
			input: "Who?",
			text: { format: { type: "json_object" } },
		});
		expect(scripted.requests.at(-1)?.constraint).toMatchObject({
			kind: "json-object",
		});
	});

	it("maps errors to its classes, and names fields as they are here", async () => {
		const create = (extra: object) =>
			client.responses.create({ model, input: "Hi", ...extra });
		await expect(create({ model: "nope" })).rejects.toBeInstanceOf(
			OpenAI.NotFoundError,
		);
		await expect(create({ max_output_tokens: 5000 })).rejects.toMatchObject({
			status: 400,
			param: "input",
			code: "context_length_exceeded",
		});
		await expect(
			create({ tools: [{ type: "web_search" }] }),
		).rejects.toMatchObject({
			param: "tools[0].type",
			message: expect.stringContaining("built-in tool 'web_search'"),
		});
		await expect(create({ conversation: "conv_1" })).rejects.toMatchObject({
			param: "conversation",
			code: "unsupported_parameter",
		});
		await expect(create({ max_tokens: 5 })).rejects.toMatchObject({
			param: "max_tokens",
		});
		const error = new GalleyError("queue_full", "Too many wait.");
		scripted.setScript({ deltas: [], errorAtStart: error });
		await expect(create({})).rejects.toBeInstanceOf(OpenAI.RateLimitError);
		await expect(create({ stream: true })).rejects.toBeInstanceOf(
			OpenAI.RateLimitError,
		);
	});

	it("throws what ends a stream early, behind which the response failed", async () => {
		const error = new GalleyError("engine_crashed", "The engine died.");
		const script = { deltas: ["a", "b"], errorAfter: { deltas: 1, error } };
		scripted.setScript(script);
		let id = "";
		let text = "";
		const read = async () => {
			const stream = await client.responses.create({
				model,
				input: "Hi",
				stream: true,
			});
			for await (const event of stream) {
				if (event.type === "response.created") id = event.response.id;
				if (event.type === "response.output_text.delta") text += event.delta;
			}
		};
		await expect(read()).rejects.toMatchObject({ code: "engine_crashed" });
		expect(text).toBe("a");
		const stored = await client.responses.retrieve(id);
		expect(stored).toMatchObject({
			status: "failed",
			error: { code: "server_error", message: "The engine died." },
		});
		await expect(
			client.responses.create({ model, input: "Hi" }),
		).rejects.toMatchObject({ status: 503 });
	});

	it("aborts a stream, and the generation ends", async () => {
		scripted.setScript(slow);
		const stream = await client.responses.create({
			model,
			input: "Hi",
			stream: true,
		});
		for await (const event of stream) {
			if (event.type === "response.output_text.delta") break;
		}
		await expect.poll(() => scripted.cancelled.length).toBe(1);
	});
});

describe("a stored response", () => {
	it("is continued with its whole conversation", async () => {
		const first = await client.responses.create({
			model,
			instructions: "First.",
			input: "One",
		});
		const second = await client.responses.create({
			model,
			previous_response_id: first.id,
			input: [{ role: "user", content: "Two" }],
		});
		await client.responses.create({
			model,
			previous_response_id: second.id,
			instructions: "Third.",
			input: "Three",
		});
		const turn = (role: string, text: string) =>
			`<|im_start|>${role}\n${text}<|im_end|>\n`;
		expect(lastPrompt()).toBe(
			turn("system", "Third.") +
				turn("user", "One") +
				turn("assistant", "Hello, world!") +
				turn("user", "Two") +
				turn("assistant", "Hello, world!") +
				turn("user", "Three") +
				"<|im_start|>assistant\n",
		);
	});

	it("lends its items to another conversation", async () => {
		const first = await client.responses.create({ model, input: "One" });
		const reference = {
			type: "item_reference" as const,
			id: first.output[0]?.id ?? "",
		};
		await client.responses.create({
			model,
			input: [
				{ role: "user", content: "One?" },
				reference,
				{ role: "user", content: "Two?" },
			],
		});
		expect(lastPrompt()).toContain(
			"One?<|im_end|>\n<|im_start|>assistant\nHello, world!<|im_end|>\n",
		);
	});

	it("lists what it was made from, page by page", async () => {
		const first = await client.responses.create({ model, input: "One" });
		const second = await client.responses.create({
			model,
			previous_response_id: first.id,
			input: "Two",
		});
		const texts: string[] = [];
		for await (const item of client.responses.inputItems.list(second.id, {
			order: "asc",
			limit: 2,
		})) {
			if (item.type !== "message") continue;
			const [part] = item.content;
			if (part !== undefined && "text" in part) texts.push(part.text);
		}
		expect(texts).toEqual(["One", "Hello, world!", "Two"]);
	});

	it("is gone when deleted, and can't be continued", async () => {
		const first = await client.responses.create({ model, input: "One" });
		await client.responses.delete(first.id);
		await expect(client.responses.retrieve(first.id)).rejects.toBeInstanceOf(
			OpenAI.NotFoundError,
		);
		await expect(
			client.responses.create({
				model,
				previous_response_id: first.id,
				input: "Two",
			}),
		).rejects.toMatchObject({
			status: 400,
			code: "previous_response_not_found",
			param: "previous_response_id",
		});
		await expect(client.responses.delete(first.id)).rejects.toMatchObject({
			status: 404,
		});
	});

	it("is none with store: false", async () => {
		const { id } = await client.responses.create({
			model,
			input: "One",
			store: false,
		});
		await expect(client.responses.retrieve(id)).rejects.toMatchObject({
			status: 404,
		});
	});

	it("can't be streamed again or cancelled unless it ran in the background", async () => {
		const { id } = await client.responses.create({ model, input: "One" });
		await expect(
			client.responses.retrieve(id, { stream: true }),
		).rejects.toMatchObject({ status: 400, param: "stream" });
		await expect(client.responses.cancel(id)).rejects.toMatchObject({
			status: 400,
		});
	});

	it("counts the tokens of a conversation", async () => {
		const first = await client.responses.create({ model, input: "One" });
		const { input_tokens: count } = await client.responses.inputTokens.count({
			model,
			previous_response_id: first.id,
			input: "Two",
		});
		const second = await client.responses.create({
			model,
			previous_response_id: first.id,
			input: "Two",
		});
		expect(count).toBe(second.usage?.input_tokens);
	});
});

describe("a response in the background", () => {
	it("runs to its end while it's polled", async () => {
		scripted.setScript({ deltas: ["a", "b", "c"], delayMs: 5 });
		const queued = await client.responses.create({
			model,
			input: "Hi",
			background: true,
		});
		expect(["queued", "in_progress"]).toContain(queued.status);
		await expect
			.poll(async () => (await client.responses.retrieve(queued.id)).status)
			.toBe("completed");
		const done = await client.responses.retrieve(queued.id);
		expect(done.output_text).toBe("abc");
		expect(done.background).toBe(true);
	});

	it("is cancelled, as often as one likes", async () => {
		scripted.setScript(slow);
		const { id } = await client.responses.create({
			model,
			input: "Hi",
			background: true,
		});
		await expect
			.poll(async () => (await client.responses.retrieve(id)).output.length)
			.toBe(1);
		const cancelled = await client.responses.cancel(id);
		expect(cancelled.status).toBe("cancelled");
		expect(scripted.cancelled).toHaveLength(1);
		expect((await client.responses.cancel(id)).status).toBe("cancelled");
		expect((await client.responses.retrieve(id)).output).toMatchObject([
			{ status: "incomplete" },
		]);
	});

	it("streams on after its client went, from where one left off", async () => {
		scripted.setScript({
			deltas: Array.from({ length: 200 }, (_, index) => `${index} `),
			delayMs: 1,
		});
		const stream = await client.responses.create({
			model,
			input: "Hi",
			background: true,
			stream: true,
		});
		let id = "";
		let last = -1;
		const types: string[] = [];
		let text = "";
		for await (const event of stream) {
			types.push(event.type);
			last = event.sequence_number;
			if (event.type === "response.created") id = event.response.id;
			if (event.type === "response.output_text.delta") text += event.delta;
			if (text.length > 20) break;
		}
		expect(types.slice(0, 3)).toEqual([
			"response.created",
			"response.queued",
			"response.in_progress",
		]);
		const rest = await client.responses.retrieve(id, {
			stream: true,
			starting_after: last,
		});
		for await (const event of rest) {
			expect(event.sequence_number).toBe(last + 1);
			last = event.sequence_number;
			types.push(event.type);
			if (event.type === "response.output_text.delta") text += event.delta;
		}
		expect(types.at(-1)).toBe("response.completed");
		const stored = await client.responses.retrieve(id);
		expect(text).toBe(stored.output_text);
		const again = await client.responses.retrieve(id, { stream: true });
		let replayed = "";
		for await (const event of again)
			if (event.type === "response.output_text.delta") replayed += event.delta;
		expect(replayed).toBe(text);
	});

	it("tells a failure in the response, even one before the start", async () => {
		const error = new GalleyError("queue_full", "Too many wait.");
		scripted.setScript({ deltas: [], errorAtStart: error });
		const { id } = await client.responses.create({
			model,
			input: "Hi",
			background: true,
		});
		await expect
			.poll(async () => client.responses.retrieve(id))
			.toMatchObject({
				status: "failed",
				error: { code: "rate_limit_exceeded" },
			});
	});
});

describe("truncation", () => {
	const long = "word ".repeat(100);
	const input = [
		{ role: "system" as const, content: "Rules." },
		...Array.from({ length: 8 }, (_, index) => [
			{ role: "user" as const, content: `${index} ${long}` },
			{ role: "assistant" as const, content: "Yes." },
		]).flat(),
		{ role: "user" as const, content: "Last." },
	];

	it("is refused unless asked for", async () => {
		await expect(
			client.responses.create({ model, input }),
		).rejects.toMatchObject({
			code: "context_length_exceeded",
			param: "input",
		});
	});

	it("leaves out the oldest turns and says so", async () => {
		const { data, response } = await client.responses
			.create({ model, input, truncation: "auto", max_output_tokens: 200 })
			.withResponse();
		expect(data.truncation).toBe("auto");
		expect(data).toHaveProperty("truncation_details.dropped_messages", 10);
		expect(response.headers.get("x-galley-truncated")).toMatch(
			/^messages=10; tokens=\d+$/,
		);
		const prompt = lastPrompt();
		expect(prompt).toContain("Rules.");
		expect(prompt).toContain("Last.");
		expect(prompt).not.toContain("4 word");
		expect(prompt).toContain("5 word");
	});

	it("works for chat, where the body says it too", async () => {
		const params = { model, messages: input, truncation: "auto" };
		const { data, response } = await client.chat.completions
			.create({ ...params, max_tokens: 200 } as never)
			.withResponse();
		expect(data).toMatchObject({ truncation: { dropped_messages: 10 } });
		expect(response.headers.get("x-galley-truncated")).toMatch(/^messages=10/);
	});
});
