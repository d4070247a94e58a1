import { expect } from "vitest";
import type { Json, RouteName } from "./dialects.ts";
import { completionRoutes, type ParameterCase } from "./parameter-case.ts";
import type { RouteClient } from "./route-client.ts";

/** A parameter that can't be honoured, with a value that asks for something, and those that ask for what happens anyway. */
export interface RefusedParameter {
	name: string;
	routes: readonly RouteName[];
	asked: unknown;
	neutral: readonly unknown[];
}

const chat = ["/v1/chat/completions"] as const;
const responses = ["/v1/responses"] as const;
const messages = ["/v1/messages"] as const;

// biome-ignore format: a table
export const refusedParameters: readonly RefusedParameter[] = [
	{ name: "guided_whitespace_pattern", routes: completionRoutes, asked: " *", neutral: [] },
	{ name: "use_beam_search", routes: completionRoutes, asked: true, neutral: [false] },
	{ name: "length_penalty", routes: completionRoutes, asked: 1.5, neutral: [1] },
	{ name: "early_stopping", routes: completionRoutes, asked: true, neutral: [false] },
	{ name: "truncate_prompt_tokens", routes: completionRoutes, asked: 5, neutral: [] },
	{ name: "allowed_token_ids", routes: completionRoutes, asked: [5], neutral: [] },
	{ name: "bad_words", routes: completionRoutes, asked: ["dog"], neutral: [[]] },
	{ name: "logits_processors", routes: completionRoutes, asked: ["x"], neutral: [[]] },
	{ name: "return_token_ids", routes: completionRoutes, asked: true, neutral: [false] },
	{ name: "return_tokens_as_token_ids", routes: completionRoutes, asked: true, neutral: [false] },
	{ name: "spaces_between_special_tokens", routes: completionRoutes, asked: false, neutral: [true] },
	{ name: "request_id", routes: completionRoutes, asked: "mine", neutral: [] },
	{ name: "kv_transfer_params", routes: completionRoutes, asked: {}, neutral: [] },
	{ name: "audio", routes: chat, asked: { voice: "alloy", format: "wav" }, neutral: [] },
	{ name: "modalities", routes: chat, asked: ["text", "audio"], neutral: [["text"]] },
	{ name: "mm_processor_kwargs", routes: chat, asked: {}, neutral: [] },
	{ name: "web_search_options", routes: chat, asked: {}, neutral: [] },
	{ name: "verbosity", routes: chat, asked: "low", neutral: ["medium"] },
	{ name: "documents", routes: chat, asked: [{ text: "x" }], neutral: [[]] },
	{ name: "conversation", routes: responses, asked: "conv_1", neutral: [] },
	{ name: "prompt", routes: responses, asked: { id: "pmpt_1" }, neutral: [] },
	{ name: "context_management", routes: responses, asked: [{ type: "compaction" }], neutral: [[]] },
	{ name: "moderation", routes: responses, asked: {}, neutral: [] },
	{ name: "context_management", routes: messages, asked: { edits: [{ type: "x" }] }, neutral: [{ edits: [] }] },
	{ name: "mcp_servers", routes: messages, asked: [{ url: "http://x" }], neutral: [[]] },
	{ name: "speed", routes: messages, asked: "fast", neutral: ["standard"] },
	{ name: "thread", routes: messages, asked: { type: "create" }, neutral: [] },
	{ name: "container", routes: messages, asked: "box", neutral: [] },
	{ name: "inference_geo", routes: messages, asked: "us", neutral: [] },
];

/** Refused by a 400 that names the parameter and says what to do; what asks for nothing changes nothing. */
export async function proveRefused(
	route: RouteClient,
	{ name, asked, neutral }: RefusedParameter,
	advice: string,
): Promise<void> {
	const refused = await route.send({ [name]: asked });
	expect(refused.status).toBe(400);
	const { message, param, code } = refused.body.error;
	expect(message).toContain(`'${name}'`);
	// The schema's words, but for those that both have in common.
	expect(message).toContain(advice.replace(/^Not supported\./, "").trim());
	if (route.name !== "/v1/messages") {
		expect(param).toBe(name);
		expect(code).toBe("unsupported_parameter");
	}
	expect(refused.generations).toEqual([]);
	for (const value of [null, ...neutral])
		await expectUnchanged(route, name, value);
}

async function expectUnchanged(
	route: RouteClient,
	name: string,
	value: unknown,
): Promise<void> {
	const plain = await route.reference(route.atMost(2));
	const given = await route.ask({ ...route.atMost(2), [name]: value });
	expect(given.text).toBe(plain.text);
	expect(withoutId(given.request)).toEqual(withoutId(plain.request));
}

/** Everything that the engine was asked for, whoever asked. */
export const withoutId = ({ id: _id, ...request }: Json) => request;

function ignored(
	name: string,
	value: unknown,
	routes: readonly RouteName[],
	claim = "nothing changes",
): ParameterCase {
	return {
		names: Object.fromEntries(routes.map((route) => [route, name])),
		claim,
		status: "accepted",
		prove: (route) => expectUnchanged(route, name, value),
	};
}

// biome-ignore format: a table
export const ignoredCases: readonly ParameterCase[] = [
	ignored("metadata", { team: "a" }, completionRoutes),
	ignored("store", true, completionRoutes, "nothing changes: nothing is stored"),
	ignored("service_tier", "flex", [...completionRoutes, ...responses], "nothing changes: there is one tier"),
	ignored("service_tier", "standard_only", messages, "nothing changes: there is one tier"),
	ignored("prediction", { type: "content", content: "Once" }, completionRoutes, "nothing changes: a hint"),
	ignored("prompt_cache_key", "key", completionRoutes, "nothing changes: prefixes are found without it"),
	ignored("prompt_cache_retention", "24h", [...completionRoutes, ...responses]),
	ignored("prompt_cache_options", { mode: "implicit" }, responses),
	ignored("guided_decoding_backend", "outlines", completionRoutes, "nothing changes: there is one"),
	ignored("max_tool_calls", 3, responses, "repeated in the response; it counts calls of built-in tools, which there are none of"),
	ignored("cache_control", { type: "ephemeral" }, messages, "nothing changes: every prompt's prefix is cached, marked or not; see `usage.cache_read_input_tokens`"),
	ignored("user_profile_id", "u1", messages),
	ignored("workspace_id", "w1", messages),
	ignored("diagnostics", { x: 1 }, messages),
];
