import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
	generateObject,
	generateText,
	NoObjectGeneratedError,
	Output,
	stepCountIs,
	streamObject,
	streamText,
	tool,
} from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOutputFormat } from "../../text/output-format.ts";
import {
	type AnsweringModel,
	hermesCall,
	startAnsweringModel,
} from "../testing/answering-model.ts";

let served: AnsweringModel;
let model: ReturnType<ReturnType<typeof createOpenAICompatible>>;
let asked: unknown[] = [];

beforeAll(async () => {
	served = await startAnsweringModel(
		createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
	);
	model = createOpenAICompatible({
		name: "galley",
		baseURL: `${served.address}/v1`,
		includeUsage: true,
		supportsStructuredOutputs: true,
	})("scripted");
});
afterAll(() => served.app.close());
beforeEach(() => {
	asked = [];
});

const tools = {
	weather: tool({
		description: "Current weather",
		inputSchema: z.object({ city: z.string() }),
		execute: async (input) => {
			asked.push(input);
			return { sky: `sunny in ${input.city}` };
		},
	}),
	time: tool({
		description: "Time of day",
		inputSchema: z.object({}),
		execute: async () => "noon",
	}),
};
const rome = hermesCall("weather", { city: "Rome" });
const oslo = hermesCall("weather", { city: "Oslo" });
const person = z.object({ name: z.string(), age: z.number().int() });
const ann = '{"name": "Ann", "age": 7}';

describe("the AI SDK's loop over tools", () => {
	it("takes as many steps as the model wants, with every result in the prompt", async () => {
		served.answerWith(rome, `${oslo}\n${hermesCall("time", {})}`, "All done.");
		const { text, steps, totalUsage } = await generateText({
			model,
			prompt: "Weather?",
			tools,
			stopWhen: stepCountIs(5),
		});
		expect(text).toBe("All done.");
		expect(asked).toEqual([{ city: "Rome" }, { city: "Oslo" }]);
		expect(steps.map(({ finishReason }) => finishReason)).toEqual([
			"tool-calls",
			"tool-calls",
			"stop",
		]);
		expect(steps[1]?.toolResults.map(({ toolName }) => toolName)).toEqual([
			"weather",
			"time",
		]);
		expect(served.promptOf(2)).toContain("sunny in Rome");
		expect(served.promptOf(2)).toContain("noon");
		expect(totalUsage.outputTokens).toBeGreaterThan(0);
	});

	it("stops when it is told to", async () => {
		served.answerWith(rome);
		const { steps } = await generateText({
			model,
			prompt: "Weather?",
			tools,
			stopWhen: stepCountIs(2),
		});
		expect(steps).toHaveLength(2);
		expect(served.scripted.requests).toHaveLength(2);
	});

	it("is streamed, call by call", async () => {
		served.answerWith(`<think>Hm.</think>${rome}`, "Sunny.");
		const result = streamText({
			model,
			prompt: "Weather?",
			tools,
			stopWhen: stepCountIs(3),
		});
		let input = "";
		const types = new Set<string>();
		for await (const part of result.fullStream) {
			types.add(part.type);
			expect(part.type).not.toBe("error");
			if (part.type === "tool-input-delta") input += part.delta;
		}
		expect(JSON.parse(input)).toEqual({ city: "Rome" });
		for (const type of ["reasoning-delta", "tool-call", "tool-result"])
			expect(types).toContain(type);
		expect((await result.steps).map(({ text }) => text)).toEqual([
			"",
			"Sunny.",
		]);
	});

	it("hands on the choice of tools", async () => {
		for (const [toolChoice, mode] of [
			["required", "grammar-ir"],
			[{ type: "tool", toolName: "time" }, "grammar-ir"],
			["none", undefined],
		] as const) {
			served.answerWith(
				mode === undefined ? "Nothing." : hermesCall("time", {}),
			);
			await generateText({ model, prompt: "Time?", tools, toolChoice });
			expect(served.scripted.requests[0]?.constraint?.kind).toBe(mode);
		}
	});
});

describe("the AI SDK's objects", () => {
	it("are generated to their schema", async () => {
		served.answerWith(ann);
		const { object } = await generateObject({
			model,
			schema: person,
			prompt: "Who?",
		});
		expect(object).toEqual({ name: "Ann", age: 7 });
		// Behind reasoning, which this model may do first.
		expect(served.scripted.requests[0]?.constraint).toMatchObject({
			kind: "grammar-ir",
			schemas: { content: { schema: { required: ["name", "age"] } } },
		});
	});

	it("come as arrays and choices too", async () => {
		served.answerWith(`{"elements": [${ann}]}`);
		const list = await generateObject({
			model,
			output: "array",
			schema: person,
			prompt: "Who?",
		});
		expect(list.object).toEqual([{ name: "Ann", age: 7 }]);
		served.answerWith('{"result": "sad"}');
		const mood = await generateObject({
			model,
			output: "enum",
			enum: ["happy", "sad"],
			prompt: "Mood?",
		});
		expect(mood.object).toBe("sad");
	});

	it("are streamed as they grow", async () => {
		served.answerWith(ann);
		const { partialObjectStream, object } = streamObject({
			model,
			schema: person,
			prompt: "Who?",
		});
		const partials: unknown[] = [];
		for await (const partial of partialObjectStream) partials.push(partial);
		expect(partials.length).toBeGreaterThan(2);
		expect(partials.at(-1)).toEqual({ name: "Ann", age: 7 });
		expect(await object).toEqual({ name: "Ann", age: 7 });
	});

	it("come with text too, and fail as the SDK says when they are cut", async () => {
		served.answerWith(ann);
		const output = Output.object({ schema: person });
		const ask = { model, prompt: "Who?", output };
		expect((await generateText(ask)).output).toEqual({ name: "Ann", age: 7 });
		served.answerWith(ann.slice(0, 10));
		const cut = await generateObject({
			model,
			schema: person,
			prompt: "Who?",
		}).catch((error: unknown) => error);
		expect(NoObjectGeneratedError.isInstance(cut)).toBe(true);
	});
});
