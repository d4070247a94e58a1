import OpenAI from "openai";
import {
	zodFunction,
	zodResponseFormat,
	zodResponsesFunction,
	zodTextFormat,
} from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createOutputFormat } from "../../text/output-format.ts";
import {
	type AnsweringModel,
	hermesCall,
	startAnsweringModel,
} from "../testing/answering-model.ts";

let served: AnsweringModel;
let client: OpenAI;

beforeAll(async () => {
	served = await startAnsweringModel(
		createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
	);
	client = new OpenAI({
		baseURL: `${served.address}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
});
afterAll(() => served.app.close());

const place = z.object({ city: z.string() });
const rome = hermesCall("weather", { city: "Rome" });
const oslo = hermesCall("weather", { city: "Oslo" });
const ask = {
	model: "scripted",
	messages: [{ role: "user" as const, content: "Weather?" }],
};
const person = z.object({ name: z.string(), age: z.number().int() });
const ann = { name: "Ann", age: 7 };

describe("the official client's tool runner", () => {
	const asked: string[] = [];
	const tools = [
		zodFunction({
			name: "weather",
			description: "Current weather",
			parameters: place,
			function: ({ city }) => {
				asked.push(city);
				return `sunny in ${city}`;
			},
		}),
	];

	it("runs several turns, streamed, and tells of each", async () => {
		served.answerWith(rome, oslo, "Sunny in both.");
		asked.length = 0;
		const heard: string[] = [];
		const runner = client.chat.completions
			.runTools({
				...ask,
				tools,
				stream: true,
				stream_options: { include_usage: true },
			})
			.on("functionToolCall", ({ name }) => heard.push(`call ${name}`))
			.on("functionToolCallResult", (result) => heard.push(result))
			.on("content", (delta) => {
				if (delta !== "") heard.push("text");
			});
		expect(await runner.finalContent()).toBe("Sunny in both.");
		expect(asked).toEqual(["Rome", "Oslo"]);
		expect(heard.slice(0, 4)).toEqual([
			"call weather",
			"sunny in Rome",
			"call weather",
			"sunny in Oslo",
		]);
		expect(heard).toContain("text");
		expect((await runner.totalUsage()).completion_tokens).toBeGreaterThan(0);
		expect(served.promptOf(2)).toContain("sunny in Oslo");
	});
});

describe("the official client's helpers", () => {
	it("parse a chat's answer and its calls", async () => {
		served.answerWith(JSON.stringify(ann));
		const { choices } = await client.chat.completions.parse({
			...ask,
			response_format: zodResponseFormat(person, "person"),
		});
		expect(choices[0]?.message.parsed).toEqual(ann);
		served.answerWith(rome);
		const called = await client.chat.completions.parse({
			...ask,
			tools: [zodFunction({ name: "weather", parameters: place })],
		});
		const [call] = called.choices[0]?.message.tool_calls ?? [];
		expect(call?.function.parsed_arguments).toEqual({ city: "Rome" });
		// Strict, so what a call may say is bound even where none has to come.
		expect(served.scripted.requests[0]?.constraint?.kind).toBe("grammar-ir");
	});

	it("stream a chat as events of content, calls and the parsed whole", async () => {
		served.answerWith(JSON.stringify(ann));
		const types: string[] = [];
		let snapshot: unknown;
		const content = client.chat.completions
			.stream({ ...ask, response_format: zodResponseFormat(person, "person") })
			.on("content.delta", ({ parsed }) => {
				types.push("delta");
				snapshot = parsed;
			})
			.on("content.done", () => types.push("done"));
		const { choices } = await content.finalChatCompletion();
		expect(choices[0]?.message.parsed).toEqual(ann);
		expect(snapshot).toEqual(ann);
		expect(types.at(-1)).toBe("done");
		served.answerWith(rome);
		let json = "";
		const done: unknown[] = [];
		const calls = client.chat.completions
			.stream({
				...ask,
				tools: [zodFunction({ name: "weather", parameters: place })],
			})
			.on("tool_calls.function.arguments.delta", (event) => {
				json += event.arguments_delta;
			})
			.on("tool_calls.function.arguments.done", (event) =>
				done.push(event.parsed_arguments),
			);
		await calls.done();
		expect(JSON.parse(json)).toEqual({ city: "Rome" });
		expect(done).toEqual([{ city: "Rome" }]);
	});

	it("parse responses, whole and streamed", async () => {
		const params = {
			model: ask.model,
			input: "Who?",
			text: { format: zodTextFormat(person, "person") },
		};
		served.answerWith(JSON.stringify(ann));
		expect((await client.responses.parse(params)).output_parsed).toEqual(ann);
		let text = "";
		const stream = client.responses
			.stream(params)
			.on("response.output_text.delta", ({ delta }) => {
				text += delta;
			});
		expect((await stream.finalResponse()).output_parsed).toEqual(ann);
		expect(JSON.parse(text)).toEqual(ann);
		served.answerWith(rome);
		const called = await client.responses.parse({
			model: ask.model,
			input: "Weather?",
			tools: [zodResponsesFunction({ name: "weather", parameters: place })],
		});
		expect(called.output[0]).toMatchObject({
			type: "function_call",
			parsed_arguments: { city: "Rome" },
		});
	});
});
