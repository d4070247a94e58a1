import { describe, expect, test } from "vitest";
import { parseJson } from "./json-text.ts";
import { parameters } from "./parameter-table.ts";
import { toParameterFields, withParameter } from "./parameters.ts";
import {
	toChatRequest,
	toCompletionRequest,
	toEmbeddingRequest,
	toRankingRequest,
} from "./request-body.ts";
import { schemaProblem } from "./schema-check.ts";
import { defaultSettings, parseSettings } from "./settings.ts";
import { exampleTools } from "./tools.ts";

const settings = { ...defaultSettings, model: "m" };
const hello = [{ role: "user" as const, content: "Hi" }];

describe("a chat's request", () => {
	test("says only what was set", () => {
		expect(toChatRequest(settings, hello)).toEqual({
			model: "m",
			body: {
				messages: hello,
				stream: true,
				stream_options: { include_usage: true },
			},
			problems: [],
		});
	});

	test("says all that was set", () => {
		const { body, problems } = toChatRequest(
			{
				...settings,
				system: "Be brief.",
				parameters: {
					temperature: 0,
					max_tokens: 64,
					stop: ["END"],
					stop_token_ids: ["7", "9"],
					logit_bias: '{"5": -100}',
				},
				tools: exampleTools,
				toolChoice: "get_weather",
				outputKind: "json_schema",
				outputTexts: { json_schema: '{"type":"object"}' },
				logprobs: 3,
			},
			hello,
		);
		expect(problems).toEqual([]);
		expect(body).toMatchObject({
			messages: [{ role: "system", content: "Be brief." }, ...hello],
			temperature: 0,
			max_completion_tokens: 64,
			stop: ["END"],
			stop_token_ids: [7, 9],
			logit_bias: { 5: -100 },
			tool_choice: { type: "function", function: { name: "get_weather" } },
			response_format: {
				type: "json_schema",
				json_schema: { schema: { type: "object" } },
			},
			logprobs: true,
			top_logprobs: 3,
		});
	});

	test("names the field of what can't be sent", () => {
		const { problems } = toChatRequest(
			{
				...settings,
				model: "",
				parameters: { logit_bias: "{" },
				tools: '[{"type":"function"}]',
				outputKind: "json_schema",
				outputTexts: { json_schema: '{"type":"text"}' },
			},
			hello,
		);
		expect(problems.map(({ field }) => field)).toEqual([
			"model",
			"logit_bias",
			"tools[0]",
			"response_format.json_schema.schema.type",
		]);
	});

	test("understands tools that are bare functions, and refuses two of a name", () => {
		const bare = { ...settings, tools: '{"name":"f","parameters":{}}' };
		expect(toChatRequest(bare, hello).body.tools).toEqual([
			{ type: "function", function: { name: "f", parameters: {} } },
		]);
		const twice = { ...settings, tools: '[{"name":"f"},{"name":"f"}]' };
		expect(toChatRequest(twice, hello).problems).toHaveLength(1);
	});

	test("takes choices a line each, and patterns as they are", () => {
		const choice = toChatRequest(
			{
				...settings,
				outputKind: "choice",
				outputTexts: { choice: "yes\n\nno\n" },
			},
			hello,
		);
		expect(choice.body.guided_choice).toEqual(["yes", "no"]);
	});
});

test("a completion's request has its own names", () => {
	const { body } = toCompletionRequest(
		{
			...settings,
			logprobs: 2,
			parameters: { max_tokens: 8, reasoning_effort: "low" },
		},
		{ prompt: "Once", suffix: "end.", echo: true },
	);
	expect(body).toMatchObject({
		prompt: "Once",
		suffix: "end.",
		echo: true,
		max_tokens: 8,
		logprobs: 2,
	});
	expect(body).not.toHaveProperty("reasoning_effort");
});

test("texts and passages go one a line", () => {
	expect(
		toEmbeddingRequest("e", {
			texts: " a \n\nb",
			inputType: "query",
			dimensions: 8,
		}).body,
	).toEqual({ input: ["a", "b"], input_type: "query", dimensions: 8 });
	expect(
		toRankingRequest("r", { query: "", passages: "" }).problems,
	).toHaveLength(2);
});

describe("parameters", () => {
	test("have names of their own and are explained", () => {
		expect(new Set(parameters.map(({ name }) => name)).size).toBe(
			parameters.length,
		);
		for (const { explanation, unset } of parameters) {
			expect(explanation.length).toBeGreaterThan(20);
			expect(unset).not.toBe("");
		}
	});

	test("set and reset", () => {
		const set = withParameter({}, "top_k", 5);
		expect(set).toEqual({ top_k: 5 });
		expect(withParameter(set, "top_k", undefined)).toEqual({});
		expect(withParameter(set, "stop", [])).toEqual(set);
	});

	test("false and 0 are values", () => {
		expect(
			toParameterFields(
				{ skip_special_tokens: false, temperature: 0 },
				{ isChat: true },
			).fields,
		).toEqual({ temperature: 0, skip_special_tokens: false });
	});

	test("of a file are taken where they fit", () => {
		expect(
			parseSettings({
				parameters: { temperature: "hot", top_k: 3, evil: 1 },
				logprobs: 400,
				outputKind: "poem",
			}),
		).toMatchObject({
			parameters: { top_k: 3 },
			logprobs: null,
			outputKind: "text",
		});
	});
});

test("text that is no JSON says in which line", () => {
	expect(parseJson('{\n "a": 1,\n}')).toContain("line 3");
	expect(parseJson("")).toContain("no JSON");
});

describe("a schema", () => {
	test.each([
		[
			{ type: "object", properties: { a: { type: "int" } } },
			".properties.a.type",
		],
		[{ enum: [] }, ".enum"],
		[{ anyOf: {} }, ".anyOf"],
		[{ items: [{ minLength: -1 }] }, ".items"],
		[{ pattern: "(" }, ".pattern"],
		[
			{ properties: { a: {} }, required: ["b"], additionalProperties: false },
			".required",
		],
	])("with a fault names its place: %j", (schema, path) => {
		expect(schemaProblem(schema)?.path).toBe(path);
	});

	test("without one has none", () => {
		expect(
			schemaProblem({
				type: ["object", "null"],
				properties: { a: { $ref: "#/$defs/x" } },
				required: ["a"],
				$defs: { x: { anyOf: [{ const: 1 }, true] } },
			}),
		).toBeNull();
	});
});
