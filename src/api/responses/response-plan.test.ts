import { zodTextFormat } from "openai/helpers/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { responseBody } from "./response-body.ts";
import { toChatFields } from "./response-plan.ts";

const translate = (fields: object) =>
	toChatFields(responseBody.parse({ input: "Hi", ...fields }));

const parameters = { type: "object", properties: { city: { type: "string" } } };
const weather = { type: "function", name: "weather", parameters, strict: true };
const time = { type: "function", name: "time", description: "Now." };

describe("a response as a chat completion", () => {
	it("has tools and their choice in chat's form", () => {
		expect(
			translate({
				tools: [weather, time],
				tool_choice: { type: "function", name: "time" },
				parallel_tool_calls: false,
			}),
		).toEqual({
			tools: [
				{
					type: "function",
					function: { name: "weather", parameters, strict: true },
				},
				{ type: "function", function: { name: "time", description: "Now." } },
			],
			tool_choice: { type: "function", function: { name: "time" } },
			parallel_tool_calls: false,
		});
	});

	it("shows only the tools that are allowed", () => {
		const fields = translate({
			tools: [weather, time],
			tool_choice: {
				type: "allowed_tools",
				mode: "required",
				tools: [{ type: "function", name: "time" }],
			},
		});
		expect(fields).toMatchObject({
			// At their places, by which errors name them.
			tools: [
				{ function: { name: "weather" } },
				{ function: { name: "time" } },
			],
			tool_choice: {
				type: "allowed_tools",
				allowed_tools: {
					mode: "required",
					tools: [{ function: { name: "time" } }],
				},
			},
		});
	});

	it("has the format of the client's schema helper", () => {
		const format = zodTextFormat(z.object({ name: z.string() }), "person");
		expect(translate({ text: { format, verbosity: "low" } })).toMatchObject({
			response_format: {
				type: "json_schema",
				json_schema: {
					name: "person",
					strict: true,
					schema: {
						type: "object",
						properties: { name: { type: "string" } },
						required: ["name"],
						additionalProperties: false,
					},
				},
			},
			verbosity: "low",
		});
		expect(translate({ text: { format: { type: "json_object" } } })).toEqual({
			response_format: { type: "json_object" },
		});
		expect(translate({ text: { format: { type: "text" } } })).toEqual({});
	});

	it("has the other fields under chat's names, and not those that are its own", () => {
		expect(
			translate({
				max_output_tokens: 5,
				reasoning: { effort: "low", summary: "auto" },
				include: ["message.output_text.logprobs"],
				stream: true,
				background: true,
				previous_response_id: "resp_1",
				max_tool_calls: 3,
				instructions: "Be kind.",
				temperature: 0,
				user: "someone",
				top_k: 5,
				store: null,
			}),
		).toEqual({
			max_completion_tokens: 5,
			reasoning_effort: "low",
			logprobs: true,
			top_logprobs: 0,
			temperature: 0,
			user: "someone",
			top_k: 5,
		});
	});
});
