import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import type { FastifyInstance } from "fastify";
import OpenAI from "openai";
import { afterEach, describe, expect, test } from "vitest";
import { createOutputFormat } from "../text/output-format.ts";
import {
	createScriptedService,
	type Script,
	type ScriptedService,
} from "./testing/scripted-service.ts";
import { createTestServer, listenForTest } from "./testing/test-server.ts";

const call = (name: string, json: string) =>
	`<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;
const weather = call("get_weather", '{"city": "Paris"}');
const time = call("get_time", "{}");

const parameters = {
	type: "object",
	properties: { city: { type: "string" } },
	required: ["city"],
	additionalProperties: false,
};
const tools: OpenAI.Chat.ChatCompletionTool[] = [
	{ type: "function", function: { name: "get_weather", parameters } },
	{ type: "function", function: { name: "get_time" } },
];
const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
	{ role: "user", content: "Weather in Paris?" },
];
const ask = { model: "scripted", messages };

let open: FastifyInstance | null = null;
afterEach(async () => {
	await open?.close();
	open = null;
});

/** Each answer after the other, the last one again and again; pieces of five characters. */
async function serve(...answers: string[]) {
	let next = 0;
	const scripted = createScriptedService({
		outputFormat: createOutputFormat({
			template: null,
			toolCallParser: "hermes",
			reasoningParser: "qwen3",
		}),
		script: (): Script => {
			const answer = answers[Math.min(next++, answers.length - 1)] ?? "";
			return { deltas: answer.match(/[\s\S]{1,5}/g) ?? [] };
		},
	});
	const { app } = createTestServer({}, scripted);
	open = app;
	const address = await listenForTest(app);
	const client = new OpenAI({
		baseURL: `${address}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
	return { scripted, client, address };
}

function constraintOf({ requests }: ScriptedService) {
	const constraint = requests[0]?.constraint;
	if (constraint?.kind !== "grammar-ir") throw new Error("No grammar.");
	return constraint;
}

describe("a chat with tools", () => {
	test("answers with calls and no content", async () => {
		const { client, scripted } = await serve(`${weather}\n${time}`);
		const { choices } = await client.chat.completions.create({ ...ask, tools });
		const [choice] = choices;
		expect(choice?.finish_reason).toBe("tool_calls");
		expect(choice?.message.content).toBeNull();
		expect(choice?.message.tool_calls).toEqual([
			{
				id: expect.stringMatching(/^call_\w{24}$/),
				type: "function",
				function: { name: "get_weather", arguments: '{"city": "Paris"}' },
			},
			{
				id: expect.stringMatching(/^call_/),
				type: "function",
				function: { name: "get_time", arguments: "{}" },
			},
		]);
		expect(scripted.requests[0]?.renderSpecialTokens).toBe("markers");
		expect(scripted.requests[0]?.constraint).toBeNull();
	});

	test("streams a name first, then its arguments in pieces", async () => {
		const { client } = await serve(`Let me look.\n${weather}`);
		const stream = client.chat.completions.stream({ ...ask, tools });
		const deltas: string[] = [];
		for await (const chunk of stream) {
			const [one] = chunk.choices[0]?.delta.tool_calls ?? [];
			if (one !== undefined)
				deltas.push(one.function?.name ?? one.function?.arguments ?? "");
		}
		const { choices } = await stream.finalChatCompletion();
		expect(deltas[0]).toBe("get_weather");
		expect(deltas.length).toBeGreaterThan(3);
		expect(deltas.slice(1).join("")).toBe('{"city": "Paris"}');
		expect(choices[0]?.message.content).toBe("Let me look.");
		expect(choices[0]?.finish_reason).toBe("tool_calls");
	});

	test("leaves what is no call in the content", async () => {
		const text = "See <tool_call>nothing</tool_call>.";
		const { client } = await serve(text);
		const { choices } = await client.chat.completions.create({ ...ask, tools });
		expect(choices[0]?.message.content).toBe(text);
		expect(choices[0]?.message.tool_calls).toBeUndefined();
		expect(choices[0]?.finish_reason).toBe("stop");
	});

	test("a call that is cut by the limit ends with 'length'", async () => {
		const { client } = await serve(weather);
		const { choices } = await client.chat.completions.create({
			...ask,
			tools,
			max_tokens: 55,
		});
		expect(choices[0]?.finish_reason).toBe("length");
		expect(choices[0]?.message.tool_calls?.length).toBe(1);
	});

	test("without parallel calls the first one stays alone", async () => {
		const { client } = await serve(`${weather}\n${time}`);
		const { choices } = await client.chat.completions.create({
			...ask,
			tools,
			parallel_tool_calls: false,
		});
		expect(choices[0]?.message.tool_calls?.length).toBe(1);
	});

	test("'none' calls nothing", async () => {
		const { client } = await serve(weather);
		const { choices } = await client.chat.completions.create({
			...ask,
			tools,
			tool_choice: "none",
		});
		expect(choices[0]?.message.content).toBe(weather);
	});

	test("the tool runner goes through to the answer", async () => {
		const { client, scripted } = await serve(weather, "It is sunny in Paris.");
		const asked: unknown[] = [];
		const runner = client.chat.completions.runTools({
			...ask,
			tools: [
				{
					type: "function",
					function: {
						name: "get_weather",
						description: "Current weather",
						parameters,
						parse: JSON.parse,
						function: (value: { city: string }) => {
							asked.push(value);
							return "sunny";
						},
					},
				},
			],
		});
		expect(await runner.finalContent()).toBe("It is sunny in Paris.");
		expect(asked).toEqual([{ city: "Paris" }]);
		expect(scripted.requests.length).toBe(2);
	});

	test("the older functions answer in their own form", async () => {
		const { client } = await serve(weather);
		const functions = [{ name: "get_weather", parameters }];
		const { choices } = await client.chat.completions.create({
			...ask,
			functions,
		});
		expect(choices[0]?.finish_reason).toBe("function_call");
		expect(choices[0]?.message.function_call).toEqual({
			name: "get_weather",
			arguments: '{"city": "Paris"}',
		});
		const again = await client.chat.completions.create({
			model: "scripted",
			functions,
			messages: [
				...messages,
				{
					role: "assistant",
					content: null,
					function_call: { name: "get_weather", arguments: "{}" },
				},
				{ role: "function", name: "get_weather", content: "sunny" },
			],
		});
		expect(again.choices.length).toBe(1);
	});
});

describe("forced calls", () => {
	test("'required' binds the output from its first token to the calls' form and schemas", async () => {
		const { client, scripted } = await serve(weather);
		await client.chat.completions.create({
			...ask,
			tools,
			tool_choice: "required",
		});
		const { schemas, trigger, grammar } = constraintOf(scripted);
		expect(trigger).toBeNull();
		expect(Object.values(schemas ?? {})).toEqual([
			{ schema: parameters, field: "tools[0].function.parameters" },
			{
				schema: { type: "object", properties: {}, additionalProperties: false },
				field: "tools[1].function.parameters",
			},
		]);
		expect(JSON.stringify(grammar)).toContain(
			JSON.stringify('<tool_call>\n{"name": "get_time", "arguments": ').slice(
				1,
				-1,
			),
		);
	});

	test("a named function is the only one", async () => {
		const { client, scripted } = await serve(weather);
		await client.chat.completions.create({
			...ask,
			tools,
			tool_choice: { type: "function", function: { name: "get_time" } },
		});
		const grammar = JSON.stringify(constraintOf(scripted).grammar);
		expect(grammar).toContain("get_time");
		expect(grammar).not.toContain("get_weather");
	});

	test("strict tools bind what follows the tag", async () => {
		const { client, scripted } = await serve("Hello");
		await client.chat.completions.create({
			...ask,
			tools: [
				{
					type: "function",
					function: { name: "get_weather", parameters, strict: true },
				},
				...tools.slice(1),
			],
		});
		const { trigger, schemas } = constraintOf(scripted);
		expect(trigger).toEqual(["<tool_call>"]);
		expect(Object.values(schemas ?? {}).map(({ schema }) => schema)).toEqual([
			parameters,
			{ type: "object" },
		]);
	});

	test("JSON asked of the content stands beside the calls", async () => {
		const { client, scripted } = await serve("{}");
		await client.chat.completions.create({
			...ask,
			tools,
			response_format: { type: "json_object" },
		});
		const { schemas } = constraintOf(scripted);
		expect(schemas?.content?.schema).toEqual({ type: "object" });
	});
});

describe("reasoning", () => {
	const thought = "<think>\nHm, easy.\n</think>\n\nFour.";

	test("is apart from the content and counted", async () => {
		const { client } = await serve(thought);
		const { choices, usage } = await client.chat.completions.create(ask);
		expect(choices[0]?.message).toMatchObject({
			content: "Four.",
			reasoning_content: "Hm, easy.",
			reasoning: "Hm, easy.",
		});
		const counted = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
		expect(counted).toBeGreaterThan(8);
		expect(counted).toBeLessThan(usage?.completion_tokens ?? 0);
	});

	test("streams before the content", async () => {
		const { client } = await serve(thought);
		const stream = await client.chat.completions.create({
			...ask,
			stream: true,
		});
		let reasoning = "";
		let content = "";
		for await (const { choices } of stream) {
			const delta = choices[0]?.delta as
				| { content?: string; reasoning_content?: string }
				| undefined;
			reasoning += delta?.reasoning_content ?? "";
			content += delta?.content ?? "";
		}
		expect([reasoning, content]).toEqual(["Hm, easy.", "Four."]);
	});

	test("stays away when the client doesn't want it", async () => {
		const { address } = await serve(thought);
		const response = await fetch(`${address}/v1/chat/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ messages, include_reasoning: false }),
		});
		const body = (await response.json()) as OpenAI.Chat.ChatCompletion;
		expect(body.choices[0]?.message).toEqual({
			role: "assistant",
			content: "Four.",
			refusal: null,
		});
	});
});

describe("the AI SDK", () => {
	const sdkTools = (asked: unknown[]) => ({
		get_weather: tool({
			description: "Current weather",
			inputSchema: jsonSchema<{ city: string }>(parameters as never),
			execute: async (value) => {
				asked.push(value);
				return "sunny";
			},
		}),
	});

	test("calls tools and goes on", async () => {
		const { address } = await serve(weather, "Sunny.");
		const asked: unknown[] = [];
		const provider = createOpenAICompatible({
			name: "galley",
			baseURL: `${address}/v1`,
		});
		const { text, steps } = await generateText({
			model: provider("scripted"),
			prompt: "Weather?",
			tools: sdkTools(asked),
			stopWhen: stepCountIs(3),
		});
		expect(text).toBe("Sunny.");
		expect(steps.length).toBe(2);
		expect(asked).toEqual([{ city: "Paris" }]);
	});

	test("streams reasoning, calls and text", async () => {
		const { address } = await serve(`<think>Look.</think>${weather}`, "Sunny.");
		const asked: unknown[] = [];
		const provider = createOpenAICompatible({
			name: "galley",
			baseURL: `${address}/v1`,
		});
		const result = streamText({
			model: provider("scripted"),
			prompt: "Weather?",
			tools: sdkTools(asked),
			stopWhen: stepCountIs(3),
		});
		let text = "";
		for await (const part of result.textStream) text += part;
		expect(text).toBe("Sunny.");
		expect(asked).toEqual([{ city: "Paris" }]);
		const [first] = await result.steps;
		expect(first?.reasoningText).toBe("Look.");
	});
});

describe("what can't be", () => {
	const refused = async (body: object) => {
		const { address } = await serve("x");
		const response = await fetch(`${address}/v1/chat/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({ messages, ...body }),
		});
		expect(response.status).toBe(400);
		const { error } = (await response.json()) as {
			error: { param: string; message: string };
		};
		return error;
	};

	test.each([
		[
			"a call is asked for without tools",
			{ tool_choice: "required" },
			"tool_choice",
			/no 'tools'/,
		],
		[
			"an unknown function is named",
			{
				tools,
				tool_choice: { type: "function", function: { name: "get_whether" } },
			},
			"tool_choice",
			/Did you mean 'get_weather'/,
		],
		[
			"two functions share a name",
			{ tools: [...tools, ...tools] },
			"tools[2]",
			/its own name/,
		],
		[
			"a custom tool comes",
			{ tools: [{ type: "custom", custom: { name: "x" } }] },
			"tools[0].type",
			/not supported/,
		],
		[
			"tools come in both forms",
			{ tools, functions: [{ name: "f" }] },
			"functions",
			/only one/,
		],
		[
			"a regular expression meets tools",
			{ tools, guided_regex: "a+" },
			"guided_regex",
			/can't be combined/,
		],
		[
			"a tool's answer answers nothing",
			{
				messages: [
					...messages,
					{ role: "tool", content: "x", tool_call_id: "1" },
				],
			},
			"messages[1].tool_call_id",
			/no message before it has 'tool_calls'/,
		],
	])("%s", async (_name, body, param, message) => {
		const error = await refused(body);
		expect(error.param).toBe(param);
		expect(error.message).toMatch(message);
	});
});
