import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, RetryError, streamText } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer, listenForTest } from "../testing/test-server.ts";

const scripted = createScriptedService();
const { app, entries } = createTestServer({}, scripted);
let model: ReturnType<ReturnType<typeof createOpenAICompatible>>;

beforeAll(async () => {
	const baseURL = `${await listenForTest(app)}/v1`;
	const provider = createOpenAICompatible({
		name: "galley",
		baseURL,
		includeUsage: true,
	});
	model = provider("scripted");
});
afterAll(() => app.close());
beforeEach(() => {
	scripted.setScript({ deltas: ["Hello", ",", " world", "!"] });
	scripted.requests.length = 0;
	scripted.cancelled.length = 0;
	entries.length = 0;
});

describe("the AI SDK", () => {
	it("generates a text with its settings", async () => {
		const { text, finishReason, usage } = await generateText({
			model,
			system: "Be brief.",
			prompt: "Hi",
			temperature: 0,
			topP: 0.5,
			maxOutputTokens: 50,
			stopSequences: ["END"],
			seed: 3,
		});
		expect(text).toBe("Hello, world!");
		expect(finishReason).toBe("stop");
		expect(usage.outputTokens).toBe(13);
		expect(scripted.requests[0]).toMatchObject({
			sampling: { temperature: 0, topP: 0.5, seed: 3 },
			stop: { stopStrings: ["END"], maxTokens: 50 },
		});
	});

	it("streams a text with usage", async () => {
		const { textStream, usage, finishReason } = streamText({
			model,
			prompt: "Hi",
		});
		let text = "";
		for await (const part of textStream) text += part;
		expect(text).toBe("Hello, world!");
		expect(await finishReason).toBe("stop");
		expect((await usage).outputTokens).toBe(13);
	});

	it("tries again after a full queue, and says what was wrong when it gives up", async () => {
		let attempts = 0;
		const full = {
			deltas: [],
			errorAtStart: new GalleyError("queue_full", "Too many wait.", {
				retryAfterSeconds: 1,
			}),
		};
		scripted.setScript(() => (++attempts === 1 ? full : { deltas: ["ok"] }));
		const { text } = await generateText({ model, prompt: "Hi" });
		expect(text).toBe("ok");
		expect(attempts).toBe(2);
		scripted.setScript(full);
		const failed = await generateText({
			model,
			prompt: "Hi",
			maxRetries: 1,
		}).catch((error: unknown) => error);
		expect(RetryError.isInstance(failed)).toBe(true);
		const wrong = await generateText({
			model,
			prompt: "Hi",
			topP: 5,
		}).catch((error: unknown) => error);
		expect(APICallError.isInstance(wrong)).toBe(true);
		expect(wrong).toMatchObject({ statusCode: 400, isRetryable: false });
		expect(String(wrong)).toContain("'top_p'");
	});

	it("aborts, and the service's request is cancelled", async () => {
		const deltas = Array.from({ length: 5000 }, () => "x");
		scripted.setScript({ deltas, delayMs: 2 });
		const abort = new AbortController();
		const { textStream } = streamText({
			model,
			prompt: "Hi",
			abortSignal: abort.signal,
		});
		for await (const part of textStream) if (part !== "") abort.abort();
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toEqual([scripted.requests[0]?.id]);
	});
});
