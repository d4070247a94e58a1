import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startService } from "./start-service.ts";

const starter = fileURLToPath(
	new URL("../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

let service: Awaited<ReturnType<typeof startService>>;
let client: OpenAI;

beforeAll(async () => {
	service = await startService(starter, { maxNumSeqs: 2 });
	client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: "none" });
}, 60_000);
afterAll(() => service[Symbol.asyncDispose]());

const params = { temperature: 0, max_output_tokens: 24 };

describe("responses of the starter model", () => {
	test("are what chat says of the same conversation, whole, streamed and continued", async () => {
		const first = await client.responses.create({
			...params,
			instructions: "You are a helpful assistant.",
			input: "What is the capital of France?",
		});
		expect(first.output_text).not.toBe("");
		const runner = client.responses.stream({
			...params,
			instructions: "You are a helpful assistant.",
			input: "What is the capital of France?",
		});
		expect((await runner.finalResponse()).output_text).toBe(first.output_text);

		const second = await client.responses.create({
			...params,
			previous_response_id: first.id,
			instructions: "You are a helpful assistant.",
			input: "And of Italy?",
		});
		const chat = await client.chat.completions.create({
			model: first.model,
			temperature: 0,
			max_completion_tokens: 24,
			messages: [
				{ role: "system", content: "You are a helpful assistant." },
				{ role: "user", content: "What is the capital of France?" },
				{ role: "assistant", content: first.output_text },
				{ role: "user", content: "And of Italy?" },
			],
		});
		expect(second.output_text).toBe(chat.choices[0]?.message.content);
		// The first turn was computed already.
		const { input_tokens: inputTokens, input_tokens_details: details } =
			second.usage ?? { input_tokens: 0, input_tokens_details: null };
		expect(details?.cached_tokens).toBeGreaterThan(inputTokens / 3);
	});

	test("have the form that a schema gives them", async () => {
		const shape = z.object({
			city: z.enum(["Paris", "Rome"]),
			isCapital: z.boolean(),
		});
		const response = await client.responses.parse({
			temperature: 0,
			max_output_tokens: 200,
			input: "Name a capital.",
			text: { format: zodTextFormat(shape, "city") },
		});
		expect(response.status).toBe("completed");
		expect(shape.parse(response.output_parsed)).toEqual(response.output_parsed);
	});

	test("stop when they're cancelled in the background", async () => {
		const { id } = await client.responses.create({
			input: "Tell me a long story.",
			background: true,
			ignore_eos: true,
		} as never);
		await expect
			.poll(async () => (await client.responses.retrieve(id)).output.length)
			.toBeGreaterThan(0);
		const cancelled = await client.responses.cancel(id);
		expect(cancelled.status).toBe("cancelled");
		await expect.poll(() => service.model.load().running).toBe(0);
	});
});
