import {
	AIMessage,
	type AIMessageChunk,
	HumanMessage,
	SystemMessage,
	type UsageMetadata,
} from "@langchain/core/messages";
import { ChatOpenAI, OpenAI } from "@langchain/openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { createScriptedService } from "../testing/scripted-service.ts";
import { createTestServer, listenForTest } from "../testing/test-server.ts";

const scripted = createScriptedService();
const { app, entries } = createTestServer({}, scripted);
let configuration: { baseURL: string };

beforeAll(async () => {
	configuration = { baseURL: `${await listenForTest(app)}/v1` };
});
afterAll(() => app.close());
beforeEach(() => {
	scripted.setScript({ deltas: ["Hello", ",", " world", "!"] });
	scripted.requests.length = 0;
	scripted.cancelled.length = 0;
	entries.length = 0;
});

const settings = { model: "scripted", apiKey: "none", maxRetries: 0 };
const conversation = [
	new SystemMessage("Be brief."),
	new HumanMessage("Hi"),
	new AIMessage("Hello"),
	new HumanMessage("Again"),
];

describe("LangChain's OpenAI classes", () => {
	it("invoke a chat model with history and usage", async () => {
		const chat = new ChatOpenAI({
			...settings,
			configuration,
			temperature: 0,
			maxTokens: 50,
			stop: ["END"],
		});
		const answer = await chat.invoke(conversation);
		expect(answer.content).toBe("Hello, world!");
		expect(answer).toMatchObject({ usage_metadata: { output_tokens: 13 } });
		expect(scripted.requests[0]).toMatchObject({
			sampling: { temperature: 0 },
			stop: { maxTokens: 50, stopStrings: ["END"] },
		});
	});

	it("stream a chat, and gather chunks", async () => {
		const chat = new ChatOpenAI({ ...settings, configuration });
		let text = "";
		let tokens = 0;
		for await (const chunk of await chat.stream(conversation)) {
			text += String(chunk.content);
			const { usage_metadata: usage } = chunk as AIMessageChunk;
			tokens += (usage as UsageMetadata | undefined)?.output_tokens ?? 0;
		}
		expect(text).toBe("Hello, world!");
		expect(tokens).toBe(13);
	});

	it("batch several at once", async () => {
		const chat = new ChatOpenAI({ ...settings, configuration });
		const answers = await chat.batch(["a", "b", "c"]);
		expect(answers.map(({ content }) => content)).toEqual(
			Array(3).fill("Hello, world!"),
		);
	});

	it("complete a text", async () => {
		const model = new OpenAI({ ...settings, configuration, maxTokens: 50 });
		expect(await model.invoke("Once")).toBe("Hello, world!");
	});

	it("try again while the queue is full", async () => {
		let attempts = 0;
		scripted.setScript(() =>
			++attempts === 1
				? {
						deltas: [],
						errorAtStart: new GalleyError("queue_full", "Too many wait.", {
							retryAfterSeconds: 1,
						}),
					}
				: { deltas: ["ok"] },
		);
		const chat = new ChatOpenAI({ ...settings, maxRetries: 2, configuration });
		expect((await chat.invoke("Hi")).content).toBe("ok");
		expect(attempts).toBe(2);
	});

	it("abort a call, and the service's request is cancelled", async () => {
		const deltas = Array.from({ length: 5000 }, () => "x");
		scripted.setScript({ deltas, delayMs: 2 });
		const chat = new ChatOpenAI({ ...settings, configuration });
		const abort = new AbortController();
		const read = async () => {
			const { signal } = abort;
			for await (const chunk of await chat.stream("Hi", { signal }))
				if (chunk.content !== "") abort.abort();
		};
		await read().catch(() => undefined);
		await expect.poll(() => entries.length).toBe(1);
		expect(scripted.cancelled).toEqual([scripted.requests[0]?.id]);
	});
});
