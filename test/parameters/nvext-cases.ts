import { expect } from "vitest";
import type { Fields } from "./dialects.ts";
import {
	completionRoutes,
	type ParameterCase,
	supported,
} from "./parameter-case.ts";
import { ignoredCases, withoutId } from "./policy-cases.ts";
import type { RouteClient } from "./route-client.ts";
import { routeSchemas } from "./route-schemas.ts";
import { adapterName } from "./running-service.ts";

const schema = { type: "object", properties: {}, additionalProperties: false };

/** A value of every extension that changes what the engine is asked for. */
const values: Readonly<Record<string, unknown>> = {
	top_k: 5,
	min_p: 0.1,
	typical_p: 0.9,
	repetition_penalty: 1.1,
	repeat_last_n: 64,
	dry_multiplier: 0.5,
	dry_base: 2,
	dry_allowed_length: 3,
	dry_penalty_last_n: 50,
	dry_sequence_breakers: ["x"],
	lora: [{ name: adapterName, scale: 0.5 }],
	ignore_eos: true,
	min_tokens: 1,
	stop_token_ids: [5],
	skip_special_tokens: false,
	include_stop_str_in_output: true,
	prompt_logprobs: 1,
	priority: 2,
	deadline_ms: 60_000,
	user: "ann",
	safety_identifier: "bob",
	cache_salt: "salt",
	chat_template: "{{ messages[0].content }}",
	chat_template_kwargs: { enable_thinking: true },
	add_generation_prompt: false,
	continue_final_message: true,
	response_format: {
		type: "json_schema",
		json_schema: { name: "none", schema },
	},
	structured_outputs: { regex: "a+" },
	guided_json: schema,
	guided_regex: "a+",
	guided_choice: ["a", "b"],
	guided_grammar: 'root ::= "a"',
};

/** What the engine is asked for; moments and the field's own name aside. */
async function requestOf(route: RouteClient, fields: Fields): Promise<object> {
	const { request } = await route.ask({ ...route.atMost(1), ...fields });
	const { deadlineMs, constraint, ...rest } = withoutId(request);
	const bound = JSON.stringify(constraint)?.replaceAll(
		'"field":"nvext.',
		'"field":"',
	);
	return { ...rest, hasDeadline: deadlineMs !== null, bound };
}

const ignoredNames = new Set(
	ignoredCases.flatMap(({ names }) => Object.values(names)),
);

type NvextRoute = (typeof completionRoutes)[number];

async function proveNvext(route: RouteClient): Promise<void> {
	const { nvext } = routeSchemas[route.name as NvextRoute].shape;
	const names = Object.keys(nvext.unwrap().unwrap().shape).filter(
		(name) => !ignoredNames.has(name) && name !== "guided_whitespace_pattern",
	);
	const plain = await requestOf(route, {});
	// Shown by this template; the model's own reads no variables.
	const shown = {
		chat_template_kwargs: { chat_template: "{{ enable_thinking }}" },
	} as Record<string, Fields>;
	for (const name of names) {
		expect(values, name).toHaveProperty(name);
		const value = { [name]: values[name] };
		const inside = await requestOf(route, { ...shown[name], nvext: value });
		const outside = await requestOf(route, { ...shown[name], ...value });
		expect(inside, name).toEqual(outside);
		expect(inside, name).not.toEqual(plain);
	}
	const both = await route.send({ top_k: 5, nvext: { top_k: 6 } });
	expect(both.status).toBe(400);
	expect(both.body.error.param).toBe("nvext.top_k");
}

export const nvextCases: readonly ParameterCase[] = [
	supported(
		"nvext",
		"every extension does the same here as at the top level; given twice with two values it is a 400",
		proveNvext,
		completionRoutes,
	),
];
