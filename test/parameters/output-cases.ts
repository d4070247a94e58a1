import { expect } from "vitest";
import type { Fields } from "./dialects.ts";
import {
	completionRoutes,
	type ParameterCase,
	partly,
	supported,
} from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";

const chat = ["/v1/chat/completions"] as const;

const schema = {
	type: "object",
	properties: { city: { enum: ["Paris", "Rome"] } },
	required: ["city"],
	additionalProperties: false,
};
const city = /^\s*\{\s*"city"\s*:\s*"(Paris|Rome)"\s*\}\s*$/;
const room = (route: RouteClient) => route.atMost(40);

/** These fields bind the whole text. */
async function expectText(route: RouteClient, fields: Fields, text: RegExp) {
	const answer = await route.ask({ ...room(route), ...fields });
	expect(answer.text).toMatch(text);
	expect(answer.end).toBe("stop");
}

/** Ends where the model would begin to think. */
const template =
	"{{ messages[0].content }}\neffort={{ reasoning_effort }} thinking={{ enable_thinking }}\n<think>\n";

const phone = "[0-9]{3}-[0-9]{3}";
const grammar = 'root ::= "yes" | "no"';

export const outputCases: readonly ParameterCase[] = [
	supported(
		"response_format",
		"`json_schema`: the answer is JSON of this schema; `json_object`: an object; `text`: free",
		async (route) => {
			await expectText(
				route,
				{
					response_format: {
						type: "json_schema",
						json_schema: { name: "city", schema, strict: true },
					},
				},
				city,
			);
			const object = await route.ask({
				...room(route),
				response_format: { type: "json_object" },
			});
			expect(object.text).toMatch(/^\s*\{/);
			const free = await route.ask({ response_format: { type: "text" } });
			expect(free.text).toBe((await route.reference()).text);
		},
		completionRoutes,
	),
	supported(
		"structured_outputs",
		"one of `json`, `regex`, `choice`, `grammar`, `json_object` binds the answer",
		async (route) => {
			const kinds: [Fields, RegExp][] = [
				[{ json: schema }, city],
				[{ regex: phone }, /^\d{3}-\d{3}$/],
				[{ choice: ["red", "blue"] }, /^(red|blue)$/],
				[{ grammar }, /^(yes|no)$/],
			];
			for (const [structured_outputs, text] of kinds)
				await expectText(route, { structured_outputs }, text);
			const { text } = await route.ask({
				structured_outputs: { json_object: true },
			});
			expect(text).toMatch(/^\s*\{/);
		},
		completionRoutes,
	),
	supported(
		"guided_json",
		"the answer is JSON of this schema",
		(route) => expectText(route, { guided_json: schema }, city),
		completionRoutes,
	),
	supported(
		"guided_regex",
		"the whole answer matches",
		(route) => expectText(route, { guided_regex: phone }, /^\d{3}-\d{3}$/),
		completionRoutes,
	),
	supported(
		"guided_choice",
		"the answer is one of these",
		(route) =>
			expectText(route, { guided_choice: ["red", "blue"] }, /^(red|blue)$/),
		completionRoutes,
	),
	supported(
		"guided_grammar",
		"the answer follows this GBNF grammar",
		(route) => expectText(route, { guided_grammar: grammar }, /^(yes|no)$/),
		completionRoutes,
	),
	supported(
		"text",
		"`format`: the answer is JSON of this schema, or any object; `verbosity` other than `medium` is a 400",
		async (route) => {
			await expectText(
				route,
				{ text: { format: { type: "json_schema", name: "city", schema } } },
				city,
			);
			const object = await route.ask({
				text: { format: { type: "json_object" } },
			});
			expect(object.text).toMatch(/^\s*\{/);
			const refused = await route.send({ text: { verbosity: "low" } });
			expect(refused.status).toBe(400);
			expect(refused.body.error.param).toBe("text.verbosity");
		},
		["/v1/responses"],
	),
	supported(
		"output_config",
		"`format`: the answer is JSON of this schema; `effort` is given to the chat template",
		async (route) => {
			await expectText(
				route,
				{ output_config: { format: { type: "json_schema", schema } } },
				city,
			);
			const { prompt } = await route.ask({
				output_config: { effort: "high" },
				chat_template: template,
			});
			expect(prompt).toContain("effort=high");
		},
		["/v1/messages"],
	),
	supported(
		"output_format",
		"the older name of `output_config.format`",
		(route) =>
			expectText(
				route,
				{ output_format: { type: "json_schema", schema } },
				city,
			),
		["/v1/messages"],
	),
	supported(
		"reasoning_effort",
		"given to the chat template; `none` switches thinking off",
		async (route) => {
			const high = await route.ask({
				reasoning_effort: "high",
				chat_template: template,
			});
			expect(high.prompt).toContain("effort=high thinking=true");
			const none = await route.ask({
				reasoning_effort: "none",
				chat_template: template,
			});
			expect(none.prompt).toContain("thinking=false");
		},
		chat,
	),
	supported(
		"include_reasoning",
		"false leaves the reasoning out of the answer",
		async (route) => {
			const shown = await route.ask({ chat_template: template });
			expect(shown.reasoning).not.toBe("");
			const hidden = await route.ask({
				chat_template: template,
				include_reasoning: false,
			});
			expect(hidden.reasoning).toBe("");
			expect(hidden.tokens).toEqual(shown.tokens);
		},
		chat,
	),
	supported(
		"reasoning",
		"`effort` is given to the chat template; with a `summary` the reasoning is its own summary",
		async (route) => {
			const plain = await route.ask({
				reasoning: { effort: "high" },
				chat_template: template,
			});
			expect(plain.prompt).toContain("effort=high");
			expect(plain.reasoning).not.toBe("");
			const { body } = await route.ask({
				reasoning: { summary: "auto" },
				chat_template: template,
			});
			expect(body.output[0].summary[0].text).not.toBe("");
		},
		["/v1/responses"],
	),
	partly(
		"thinking",
		"told to the chat template; `display` `omitted` leaves the thinking out; `budget_tokens` is no limit of its own: `max_tokens` is",
		async (route) => {
			const of = (thinking: Fields) =>
				route.ask({ thinking, chat_template: template });
			const shown = await of({ type: "enabled", budget_tokens: 1 });
			expect(shown.prompt).toContain("thinking=true");
			expect(shown.reasoning).not.toBe("");
			expect(shown.tokens).toHaveLength(10);
			const off = await of({ type: "disabled" });
			expect(off.prompt).toContain("thinking=false");
			const omitted = await of({ type: "adaptive", display: "omitted" });
			expect(omitted.reasoning).toBe("");
		},
		["/v1/messages"],
	),
];
