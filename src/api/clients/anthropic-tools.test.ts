import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOutputFormat } from "../../text/output-format.ts";
import {
	type AnsweringModel,
	hermesCall,
	startAnsweringModel,
} from "../testing/answering-model.ts";

let served: AnsweringModel;
let client: Anthropic;

beforeAll(async () => {
	served = await startAnsweringModel(
		createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
	);
	client = new Anthropic({
		baseURL: served.address,
		apiKey: "none",
		maxRetries: 0,
	});
});
afterAll(() => served.app.close());

const rome = hermesCall("weather", { city: "Rome" });
const oslo = hermesCall("weather", { city: "Oslo" });
const tools: Anthropic.Tool[] = [
	{
		name: "weather",
		description: "Current weather",
		input_schema: {
			type: "object",
			properties: { city: { type: "string" } },
			required: ["city"],
		},
	},
];
const ask = { model: "scripted", max_tokens: 1000, tools };
const question = { role: "user" as const, content: "Weather?" };

describe("Anthropic's client", () => {
	it("goes through a loop of tools by hand", async () => {
		served.answerWith(`${rome}\n${oslo}`, "Sunny in both.");
		const messages: Anthropic.MessageParam[] = [question];
		let message: Anthropic.Message;
		for (;;) {
			message = await client.messages.create({ ...ask, messages });
			messages.push({ role: "assistant", content: message.content });
			if (message.stop_reason !== "tool_use") break;
			const results = message.content.flatMap((block) =>
				block.type === "tool_use"
					? [
							{
								type: "tool_result" as const,
								tool_use_id: block.id,
								content: `sunny in ${(block.input as { city: string }).city}`,
							},
						]
					: [],
			);
			messages.push({ role: "user", content: results });
		}
		expect(message.content).toEqual([{ type: "text", text: "Sunny in both." }]);
		expect(served.promptOf(1)).toContain("sunny in Rome");
		expect(served.promptOf(1)).toContain("sunny in Oslo");
	});

	it("streams thinking, text and input", async () => {
		served.answerWith(`<think>Hm.</think>Let me look.\n${rome}`);
		const heard = { thinking: "", text: "", json: "" };
		const stream = client.messages
			.stream({ ...ask, messages: [question] })
			.on("thinking", (delta) => {
				heard.thinking += delta;
			})
			.on("text", (delta) => {
				heard.text += delta;
			})
			.on("inputJson", (delta) => {
				heard.json += delta;
			});
		const { content, stop_reason } = await stream.finalMessage();
		expect(stop_reason).toBe("tool_use");
		expect(heard.thinking).toBe("Hm.");
		expect(heard.text.trim()).toBe("Let me look.");
		expect(JSON.parse(heard.json)).toEqual({ city: "Rome" });
		expect(content.map(({ type }) => type)).toEqual([
			"thinking",
			"text",
			"tool_use",
		]);
		expect(content[2]).toMatchObject({ input: { city: "Rome" } });
	});

	it("counts what the tools cost", async () => {
		const count = { model: ask.model, messages: [question] };
		const { input_tokens } = await client.messages.countTokens(count);
		served.answerWith("Hi");
		const { usage } = await client.messages.create({
			model: ask.model,
			max_tokens: 10,
			messages: [question],
		});
		expect(
			usage.input_tokens +
				(usage.cache_read_input_tokens ?? 0) +
				(usage.cache_creation_input_tokens ?? 0),
		).toBe(input_tokens);
		const withTools = await client.messages.countTokens({ ...count, tools });
		expect(withTools.input_tokens).toBeGreaterThanOrEqual(input_tokens);
	});

	const asked: string[] = [];
	const weather = betaZodTool({
		name: "weather",
		description: "Current weather",
		inputSchema: z.object({ city: z.string() }),
		run: ({ city }) => {
			asked.push(city);
			return `sunny in ${city}`;
		},
	});

	it("runs tools with its runner, streamed and not", async () => {
		for (const stream of [false, true] as const) {
			served.answerWith(rome, oslo, "Sunny in both.");
			asked.length = 0;
			const runner = client.beta.messages.toolRunner({
				...ask,
				tools: [weather],
				messages: [question],
				stream,
			});
			const final = await runner.runUntilDone();
			expect(final.content).toMatchObject([
				{ type: "text", text: "Sunny in both." },
			]);
			expect(asked).toEqual(["Rome", "Oslo"]);
			expect(served.scripted.requests).toHaveLength(3);
		}
	});

	it("parses what a schema asked for", async () => {
		served.answerWith('{"name": "Ann", "age": 7}');
		const person = z.object({ name: z.string(), age: z.number().int() });
		const message = await client.messages.parse({
			model: ask.model,
			max_tokens: 100,
			messages: [question],
			output_config: { format: zodOutputFormat(person) },
		});
		expect(message.parsed_output).toEqual({ name: "Ann", age: 7 });
		expect(served.scripted.requests[0]?.constraint?.field).toBe(
			"response_format.json_schema.schema",
		);
	});
});
