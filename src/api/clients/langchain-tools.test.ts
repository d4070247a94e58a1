import {
	type AIMessageChunk,
	type BaseMessage,
	HumanMessage,
	ToolMessage,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { ChatOpenAI } from "@langchain/openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOutputFormat } from "../../text/output-format.ts";
import {
	type AnsweringModel,
	hermesCall,
	startAnsweringModel,
} from "../testing/answering-model.ts";

let served: AnsweringModel;
let chat: ChatOpenAI;

beforeAll(async () => {
	served = await startAnsweringModel(
		createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
	);
	chat = new ChatOpenAI({
		model: "scripted",
		apiKey: "none",
		maxRetries: 0,
		configuration: { baseURL: `${served.address}/v1` },
	});
});
afterAll(() => served.app.close());

const weather = tool(async ({ city }) => `sunny in ${city}`, {
	name: "weather",
	description: "Current weather",
	schema: z.object({ city: z.string() }),
});
const rome = hermesCall("weather", { city: "Rome" });
const oslo = hermesCall("weather", { city: "Oslo" });
const person = z.object({ name: z.string(), age: z.number().int() });
const value = { name: "Ann", age: 7 };

describe("LangChain's tools", () => {
	it("are bound, called and answered until there is an answer", async () => {
		served.answerWith(`${rome}\n${oslo}`, "Sunny in both.");
		const bound = chat.bindTools([weather]);
		const messages: BaseMessage[] = [new HumanMessage("Weather?")];
		for (;;) {
			const answer = await bound.invoke(messages);
			messages.push(answer);
			if ((answer.tool_calls ?? []).length === 0) break;
			for (const call of answer.tool_calls ?? [])
				messages.push(await weather.invoke({ ...call, type: "tool_call" }));
		}
		expect(messages.at(-1)?.content).toBe("Sunny in both.");
		expect(messages.filter(ToolMessage.isInstance)).toHaveLength(2);
		expect(served.scripted.requests).toHaveLength(2);
		expect(served.promptOf(1)).toContain("sunny in Rome");
		expect(served.promptOf(1)).toContain("sunny in Oslo");
	});

	it("are streamed as chunks that add up", async () => {
		served.answerWith(rome);
		let whole: AIMessageChunk | null = null;
		let pieces = 0;
		for await (const chunk of await chat.bindTools([weather]).stream("Hi")) {
			pieces += chunk.tool_call_chunks?.length ?? 0;
			whole = whole === null ? chunk : concat(whole, chunk);
		}
		expect(pieces).toBeGreaterThan(1);
		expect(whole?.tool_calls).toMatchObject([
			{ name: "weather", args: { city: "Rome" } },
		]);
	});

	it("are forced by name", async () => {
		served.answerWith(rome);
		const bound = chat.bindTools([weather], { tool_choice: "weather" });
		expect((await bound.invoke("Hi")).tool_calls).toHaveLength(1);
		expect(served.scripted.requests[0]?.constraint?.kind).toBe("grammar-ir");
	});
});

describe("LangChain's structured output", () => {
	const methods = [
		["jsonSchema", JSON.stringify(value), "response_format.json_schema.schema"],
		["functionCalling", hermesCall("person", value), "tools"],
		["jsonMode", JSON.stringify(value), "response_format"],
	] as const;

	it.each(methods)(
		"comes by %s, one or many",
		async (method, answer, field) => {
			served.answerWith(answer);
			const model = chat.withStructuredOutput(person, {
				name: "person",
				method,
			});
			expect(await model.invoke("Who?")).toEqual(value);
			expect(served.scripted.requests[0]?.constraint?.field).toBe(field);
			expect(await model.batch(["Who?", "And who?"])).toEqual([value, value]);
		},
	);

	it.each(methods)("is streamed by %s", async (method, answer) => {
		served.answerWith(answer);
		const model = chat.withStructuredOutput(person, { name: "person", method });
		let last: unknown;
		for await (const part of await model.stream("Who?")) last = part;
		expect(last).toEqual(value);
	});

	it("shows the raw message beside it", async () => {
		served.answerWith(JSON.stringify(value));
		const model = chat.withStructuredOutput(person, {
			name: "person",
			method: "jsonSchema",
			includeRaw: true,
		});
		const { raw, parsed } = await model.invoke("Who?");
		expect(parsed).toEqual(value);
		expect(raw.content).toBe(JSON.stringify(value));
	});
});
