import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer, listenForTest } from "../testing/test-server.ts";

const scripted = createScriptedService();
const { app, entries } = createTestServer({}, scripted);
let client: Anthropic;
let baseURL: string;

beforeAll(async () => {
	baseURL = await listenForTest(app);
	client = new Anthropic({ baseURL, apiKey: "none", maxRetries: 0 });
});
afterAll(() => app.close());
beforeEach(() => {
	scripted.setScript({ deltas: ["Hello", ",", " world", "!"] });
	scripted.setState({ phase: "ready" });
	scripted.requests.length = 0;
	scripted.cancelled.length = 0;
	entries.length = 0;
});

const ask = {
	model: "scripted",
	max_tokens: 100,
	messages: [{ role: "user" as const, content: "Hi" }],
};

describe("the official Anthropic client", () => {
	it("gets a message and its request id", async () => {
		const message = await client.messages.create({
			...ask,
			system: [
				{
					type: "text",
					text: "Be brief.",
					cache_control: { type: "ephemeral" },
				},
			],
			metadata: { user_id: "ann" },
			stop_sequences: ["END"],
		});
		expect(message.content).toEqual([{ type: "text", text: "Hello, world!" }]);
		expect(message.stop_reason).toBe("end_turn");
		expect(message.usage.output_tokens).toBe(13);
		expect(message._request_id).toBe(entries[0]?.requestId);
	});

	it("gathers a stream with its own accumulator, event by event", async () => {
		const texts: string[] = [];
		const types: string[] = [];
		const stream = client.messages
			.stream(ask)
			.on("text", (text) => texts.push(text))
			.on("streamEvent", ({ type }) => types.push(type));
		const message = await stream.finalMessage();
		expect(texts.join("")).toBe("Hello, world!");
		expect(await stream.finalText()).toBe("Hello, world!");
		expect(message).toMatchObject({
			stop_reason: "end_turn",
			usage: { output_tokens: 13 },
		});
		expect(types[0]).toBe("message_start");
		expect(types.at(-1)).toBe("message_stop");
	});

	it("iterates over raw events", async () => {
		let text = "";
		for await (const event of await client.messages.create({
			...ask,
			stream: true,
		})) {
			if (
				event.type === "content_block_delta" &&
				event.delta.type === "text_delta"
			)
				text += event.delta.text;
		}
		expect(text).toBe("Hello, world!");
	});

	it("counts tokens and lists models", async () => {
		const { model, messages } = ask;
		const { input_tokens } = await client.messages.countTokens({
			model,
			messages,
		});
		expect(input_tokens).toBeGreaterThan(10);
	});

	it("maps errors to its classes, with their type", async () => {
		const wrong = client.messages.create({ ...ask, model: "nope" });
		await expect(wrong).rejects.toBeInstanceOf(Anthropic.NotFoundError);
		await expect(wrong).rejects.toMatchObject({
			status: 404,
			type: "not_found_error",
			requestID: expect.any(String),
		});
		await expect(
			client.messages.create({ ...ask, max_tokens: 0 }),
		).rejects.toBeInstanceOf(Anthropic.BadRequestError);
		const keyed = createTestServer({ apiKeyHashes: ["a".repeat(64)] });
		const address = await listenForTest(keyed.app);
		const stranger = new Anthropic({ baseURL: address, apiKey: "wrong" });
		await expect(stranger.messages.create(ask)).rejects.toMatchObject({
			status: 401,
			type: "authentication_error",
		});
		await keyed.app.close();
	});

	it("sees an error in the middle of a stream", async () => {
		const error = new GalleyError("engine_crashed", "The engine died.");
		scripted.setScript({
			deltas: ["a", "b", "c"],
			errorAfter: { deltas: 2, error },
		});
		const stream = client.messages.stream(ask);
		await expect(stream.finalMessage()).rejects.toThrow("The engine died.");
	});

	it("tries again when the queue is full or the model loads, as Retry-After says", async () => {
		const patient = new Anthropic({ baseURL, apiKey: "none", maxRetries: 2 });
		for (const code of ["queue_full", "engine_unavailable"] as const) {
			let attempts = 0;
			const retryAfterSeconds = 1;
			scripted.setScript(() =>
				++attempts === 1
					? {
							deltas: [],
							errorAtStart: new GalleyError(code, "Wait.", {
								retryAfterSeconds,
							}),
						}
					: { deltas: ["ok"] },
			);
			const startedAt = performance.now();
			const message = await patient.messages.create(ask);
			expect(message.content).toEqual([{ type: "text", text: "ok" }]);
			expect(attempts).toBe(2);
			expect(performance.now() - startedAt).toBeGreaterThan(900);
		}
	});

	it("aborts a stream, and the service's request is cancelled", async () => {
		const deltas = Array.from({ length: 5000 }, () => "x");
		scripted.setScript({ deltas, delayMs: 2 });
		const stream = client.messages.stream({ ...ask, max_tokens: 4000 });
		stream.on("text", () => stream.abort());
		await expect(stream.done()).rejects.toBeInstanceOf(
			Anthropic.APIUserAbortError,
		);
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toEqual([scripted.requests[0]?.id]);
	});
});
