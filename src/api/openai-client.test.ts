import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { createTestServer, listenForTest } from "./testing/test-server.ts";

const scripted = createScriptedService({ adapters: ["org/adapter"] });
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
	scripted.setState({ phase: "ready" });
	scripted.requests.length = 0;
	scripted.cancelled.length = 0;
	entries.length = 0;
});

const messages = [{ role: "user" as const, content: "Hi" }];

describe("the official OpenAI client", () => {
	it("chats", async () => {
		const answer = await client.chat.completions.create({
			model: "scripted",
			messages,
			n: 2,
			logprobs: true,
			top_logprobs: 1,
			max_completion_tokens: 100,
			seed: 7,
			user: "someone",
		});
		expect(answer.object).toBe("chat.completion");
		expect(answer.choices).toHaveLength(2);
		expect(answer.choices[1]?.message.content).toBe("Hello, world!");
		expect(answer.choices[0]?.finish_reason).toBe("stop");
		expect(answer.choices[0]?.logprobs?.content?.[0]).toMatchObject({
			token: "H",
			top_logprobs: [{ token: "H" }],
		});
		expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBe(20);
		expect(answer._request_id).toBe(entries[0]?.requestId);
	});

	it("streams a chat with usage", async () => {
		const stream = await client.chat.completions.create({
			model: "scripted",
			messages,
			stream: true,
			stream_options: { include_usage: true },
		});
		let text = "";
		let total: number | undefined;
		for await (const chunk of stream) {
			text += chunk.choices[0]?.delta.content ?? "";
			total = chunk.usage?.total_tokens;
		}
		expect(text).toBe("Hello, world!");
		expect(total).toBe(34);
	});

	it("gathers a stream with its own accumulator", async () => {
		const runner = client.chat.completions.stream({
			model: "scripted",
			messages,
			n: 2,
		});
		const completion = await runner.finalChatCompletion();
		expect(completion.choices.map(({ message }) => message.content)).toEqual([
			"Hello, world!",
			"Hello, world!",
		]);
	});

	it("completes texts, streamed and not", async () => {
		const params = { model: "scripted", prompt: ["a", "b"], max_tokens: 50 };
		const whole = await client.completions.create({ ...params, logprobs: 1 });
		expect(whole.choices.map(({ text }) => text)).toEqual([
			"Hello, world!",
			"Hello, world!",
		]);
		expect(whole.choices[0]?.logprobs?.tokens?.[0]).toBe("H");
		const texts = ["", ""];
		for await (const chunk of await client.completions.create({
			...params,
			stream: true,
		})) {
			for (const { index, text } of chunk.choices) texts[index] += text;
		}
		expect(texts).toEqual(["Hello, world!", "Hello, world!"]);
	});

	it("lists models and retrieves one with a slash in its name", async () => {
		const { data } = await client.models.list();
		expect(data.map(({ id }) => id)).toEqual(["scripted", "org/adapter"]);
		expect(data[0]).toMatchObject({
			root: "scripted",
			parent: null,
			max_model_len: 4096,
		});
		expect(data[1]).toMatchObject({ root: "scripted", parent: "scripted" });
		const model = await client.models.retrieve("org/adapter");
		expect(model.id).toBe("org/adapter");
	});

	it("maps errors to its classes", async () => {
		const create = (model: string, extra: object = {}) =>
			client.chat.completions.create({ model, messages, ...extra });
		await expect(create("nope")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
		await expect(create("scripted", { n: 0 })).rejects.toMatchObject({
			status: 400,
			param: "n",
			code: "invalid_request",
		});
		const errorAtStart = new GalleyError("queue_full", "Too many wait.", {
			retryAfterSeconds: 3,
		});
		scripted.setScript({ deltas: [], errorAtStart });
		const refused = await create("scripted").catch((error) => error);
		expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
		expect(refused.headers.get("retry-after")).toBe("3");
		scripted.setState({ phase: "loading", progress: 0.4, etaSeconds: 12 });
		const loading = await create("scripted").catch((error) => error);
		expect(loading).toBeInstanceOf(OpenAI.InternalServerError);
		expect(loading.status).toBe(503);
		expect(loading.headers.get("retry-after")).toBe("12");
	});

	it("sees an error in the middle of a stream", async () => {
		const error = new GalleyError("engine_crashed", "The engine died.");
		scripted.setScript({
			deltas: ["a", "b", "c"],
			errorAfter: { deltas: 2, error },
		});
		const stream = await client.chat.completions.create({
			model: "scripted",
			messages,
			stream: true,
		});
		let text = "";
		const read = async () => {
			for await (const chunk of stream) {
				text += chunk.choices[0]?.delta.content ?? "";
			}
		};
		await expect(read()).rejects.toMatchObject({ code: "engine_crashed" });
		expect(text).toBe("ab");
	});

	it("can retry on a connection that served a stream", async () => {
		for (let round = 0; round < 3; round++) {
			const stream = await client.chat.completions.create({
				model: "scripted",
				messages,
				stream: true,
			});
			for await (const _ of stream);
		}
		expect(entries.map(({ status }) => status)).toEqual([200, 200, 200]);
	});

	it("aborts a stream, and the service's request is cancelled", async () => {
		const deltas = Array.from({ length: 5000 }, () => "x");
		scripted.setScript({ deltas, delayMs: 2 });
		const stream = await client.chat.completions.create({
			model: "scripted",
			messages,
			stream: true,
		});
		for await (const chunk of stream) {
			if (chunk.choices[0]?.delta.content === "x") break;
		}
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toEqual([scripted.requests[0]?.id]);
		expect(entries[0]).toMatchObject({
			status: 499,
			errorCode: "client_closed",
		});
	});
});
