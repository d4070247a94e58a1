import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { OpenAI } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startService } from "./start-service.ts";

const starter = fileURLToPath(
	new URL("../models/starter-chat/starter-chat-q8_0.gguf", import.meta.url),
);

let service: Awaited<ReturnType<typeof startService>>;
let client: OpenAI;

beforeAll(async () => {
	service = await startService(starter, { maxNumSeqs: 8 });
	client = new OpenAI({
		baseURL: `${service.url}/v1`,
		apiKey: "none",
		maxRetries: 0,
	});
}, 60_000);
afterAll(() => service[Symbol.asyncDispose](), 30_000);

const schemas = {
	get_weather: {
		type: "object",
		properties: {
			city: { type: "string", maxLength: 20 },
			unit: { enum: ["celsius", "fahrenheit"] },
			days: { type: "integer", minimum: 1, maximum: 7 },
		},
		required: ["city", "days"],
		additionalProperties: false,
	},
	get_time: { type: "object", properties: {}, additionalProperties: false },
};
const tools = Object.entries(schemas).map(([name, parameters]) => ({
	type: "function" as const,
	function: { name, description: "?", parameters },
}));
const validators = Object.fromEntries(
	Object.entries(schemas).map(([name, schema]) => [
		name,
		new Ajv2020().compile(schema),
	]),
);
const ask = (seed: number) => ({
	model: "starter-chat-q8_0",
	messages: [{ role: "user" as const, content: "What's the weather in Rome?" }],
	tools,
	temperature: 1,
	max_completion_tokens: 200,
	seed,
});

describe("the starter model, at temperature 1,", () => {
	test("makes valid calls when it must, whatever the seed", async () => {
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, seed) =>
				client.chat.completions.create({
					...ask(seed),
					tool_choice: "required",
					parallel_tool_calls: false,
				}),
			),
		);
		let finished = 0;
		for (const { choices } of answers) {
			const [choice] = choices;
			if (choice?.finish_reason === "length") continue;
			finished++;
			expect(choice?.finish_reason).toBe("tool_calls");
			expect(choice?.message.content).toBeNull();
			expect(choice?.message.tool_calls?.length).toBe(1);
			for (const call of choice?.message.tool_calls ?? []) {
				if (call.type !== "function") throw new Error("No function.");
				const { name, arguments: json } = call.function;
				expect(validators[name]?.(JSON.parse(json)), json).toBe(true);
			}
		}
		expect(finished).toBeGreaterThan(40);
	}, 120_000);

	test("calls the named function, streamed as the same pieces", async () => {
		const stream = client.chat.completions.stream({
			...ask(1),
			tool_choice: { type: "function", function: { name: "get_time" } },
		});
		const { choices } = await stream.finalChatCompletion();
		const [call] = choices[0]?.message.tool_calls ?? [];
		expect(call?.type === "function" && call.function.name).toBe("get_time");
		expect(choices[0]?.finish_reason).toBe("tool_calls");
	}, 60_000);

	test("such a schema is refused in the words of each API, before and in streams", async () => {
		const odd = {
			type: "object",
			properties: { a: { type: "string", pattern: "(?=x)y" } },
		};
		const responseTools = [
			...Object.entries(schemas).map(([name, parameters]) => ({
				type: "function",
				name,
				parameters,
			})),
			{ type: "function", name: "odd", parameters: odd },
		];
		const post = async (path: string, body: object) => {
			const answer = await fetch(service.url + path, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify(body),
			});
			expect(answer.status).toBe(400);
			return JSON.parse(await answer.text()).error;
		};
		for (const stream of [false, true]) {
			const response = { input: "Hi", stream };
			const format = { type: "json_schema", name: "odd", schema: odd };
			const formatted = await post("/v1/responses", {
				...response,
				text: { format },
			});
			expect(formatted.param).toBe("text.format.schema");
			expect(formatted.message).toContain("/properties/a/pattern");
			const tool = { type: "function", name: "odd" };
			for (const tool_choice of [
				tool,
				{ type: "allowed_tools", mode: "required", tools: [tool] },
			]) {
				const called = await post("/v1/responses", {
					...response,
					tools: responseTools,
					tool_choice,
				});
				expect(called.param).toBe("tools[2].parameters");
				expect(called.message).not.toContain(".function.");
			}
			const message = {
				max_tokens: 50,
				messages: [{ role: "user", content: "Hi" }],
				stream,
			};
			const used = await post("/v1/messages", {
				...message,
				tools: [{ name: "odd", input_schema: odd }],
				tool_choice: { type: "any" },
			});
			expect(used.message).toContain("'tools.0.input_schema'");
			expect(used.message).toContain("/properties/a/pattern");
			for (const asked of [
				{ output_config: { format: { type: "json_schema", schema: odd } } },
				{ output_format: { type: "json_schema", schema: odd } },
			]) {
				const shaped = await post("/v1/messages", { ...message, ...asked });
				expect(shaped.message).toContain("'output_config.format.schema'");
				expect(shaped.message).toContain("/properties/a/pattern");
			}
		}
	}, 60_000);

	test("a schema that can't be enforced is refused by its place in the request", async () => {
		const failed = client.chat.completions.create({
			...ask(1),
			tool_choice: "required",
			tools: [
				...tools,
				{
					type: "function",
					function: {
						name: "odd",
						parameters: {
							type: "object",
							properties: { a: { type: "string", pattern: "(?=x)y" } },
						},
					},
				},
			],
		});
		await expect(failed).rejects.toMatchObject({
			status: 400,
			param: expect.stringMatching(/^tools\[2\]\.function\.parameters/),
		});
	}, 60_000);
});
