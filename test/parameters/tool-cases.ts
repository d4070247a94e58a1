import { expect } from "vitest";
import type { Fields } from "./dialects.ts";
import {
	conversationRoutes,
	type ParameterCase,
	supported,
} from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";

const parameters = {
	type: "object",
	properties: { city: { enum: ["Rome", "Paris"] } },
	required: ["city"],
	additionalProperties: false,
};
const nothing = {
	type: "object",
	properties: {},
	additionalProperties: false,
};
const declared = [
	{ name: "get_weather", description: "Weather now", parameters },
	{ name: "get_time", description: "Time now", parameters: nothing },
];

/** What each API calls the same. */
const words = {
	"/v1/chat/completions": {
		tools: declared.map((one) => ({ type: "function", function: one })),
		required: "required",
		named: (name: string) => ({ type: "function", function: { name } }),
		none: "none",
		serial: { tool_choice: "required", parallel_tool_calls: false },
	},
	"/v1/responses": {
		tools: declared.map((one) => ({ type: "function", ...one })),
		required: "required",
		named: (name: string) => ({ type: "function", name }),
		none: "none",
		serial: { tool_choice: "required", parallel_tool_calls: false },
	},
	"/v1/messages": {
		tools: declared.map(({ parameters: input_schema, ...one }) => ({
			...one,
			input_schema,
		})),
		required: { type: "any" },
		named: (name: string) => ({ type: "tool", name }),
		none: { type: "none" },
		serial: {
			tool_choice: { type: "any", disable_parallel_tool_use: true },
		},
	},
} as const;

type ToolRoute = keyof typeof words;
const wordsOf = (route: RouteClient) => words[route.name as ToolRoute];

const askWithTools = (route: RouteClient, fields: Fields) =>
	route.ask({
		...route.question("What's the weather in Rome?"),
		...route.atMost(120),
		tools: wordsOf(route).tools,
		...fields,
	});

const weather = {
	name: "get_weather",
	arguments: { city: expect.stringMatching(/^(Rome|Paris)$/) },
};

async function expectSerial(route: RouteClient) {
	// No end before so many tokens: what may call again must.
	const long = { min_tokens: 60 };
	const { required, serial } = wordsOf(route);
	const many = await askWithTools(route, { ...long, tool_choice: required });
	expect(many.calls.length).toBeGreaterThan(1);
	const one = await askWithTools(route, { ...long, ...serial });
	expect(one.calls).toHaveLength(1);
}

export const toolCases: readonly ParameterCase[] = [
	supported(
		"tools",
		"shown to the model; its calls come as calls, their arguments as the schema has them",
		async (route) => {
			const { prompt } = await askWithTools(route, route.atMost(1));
			expect(prompt).toContain("get_weather");
			expect(prompt).toContain("Time now");
			const { calls, end } = await askWithTools(route, {
				tools: wordsOf(route).tools.slice(0, 1),
				...wordsOf(route).serial,
			});
			expect(calls).toEqual([weather]);
			expect(end).toBe("calls");
		},
		conversationRoutes,
	),
	supported(
		"tool_choice",
		"no call, some call, or a call of this function",
		async (route) => {
			const { named, none, required } = wordsOf(route);
			for (const name of ["get_time", "get_weather"]) {
				const { calls } = await askWithTools(route, {
					tool_choice: named(name),
				});
				expect(calls.map((call) => call.name)).toEqual([name]);
			}
			const some = await askWithTools(route, { tool_choice: required });
			expect(some.calls).not.toEqual([]);
			const without = await askWithTools(route, {
				...route.atMost(20),
				tool_choice: none,
			});
			expect(without.calls).toEqual([]);
			expect(without.prompt).not.toContain("get_weather");
		},
		conversationRoutes,
	),
	supported(
		"parallel_tool_calls",
		"false: one call in an answer, where there would be several",
		expectSerial,
		["/v1/chat/completions", "/v1/responses"],
	),
	supported(
		"tool_choice",
		"`disable_parallel_tool_use`: one call in an answer, where there would be several",
		expectSerial,
		["/v1/messages"],
	),
	supported(
		"functions",
		"the older form of `tools`, answered in the older form",
		async (route) => {
			const { body, prompt } = await route.ask({
				...route.atMost(60),
				functions: declared,
				function_call: { name: "get_weather" },
			});
			expect(prompt).toContain("Weather now");
			const [{ message, finish_reason }] = body.choices;
			expect(message.function_call.name).toBe("get_weather");
			expect(message.tool_calls).toBeUndefined();
			expect(finish_reason).toBe("function_call");
		},
		["/v1/chat/completions"],
	),
	supported(
		"function_call",
		"the older form of `tool_choice`: none, auto or a function by name",
		async (route) => {
			const named = await route.ask({
				...route.atMost(60),
				functions: declared,
				function_call: { name: "get_time" },
			});
			expect(named.calls).toEqual([{ name: "get_time", arguments: {} }]);
			const none = await route.ask({
				functions: declared,
				function_call: "none",
			});
			expect(none.calls).toEqual([]);
			expect(none.prompt).not.toContain("get_time");
		},
		["/v1/chat/completions"],
	),
];
