import { expect } from "vitest";
import { type ParameterCase, supported } from "./parameter-case.ts";
import { greeting, type RouteClient } from "./route-client.ts";

/** The name of stop strings: Anthropic has its own. */
const stop = {
	"/v1/chat/completions": "stop",
	"/v1/completions": "stop",
	"/v1/responses": "stop",
	"/v1/messages": "stop_sequences",
} as const;

const word = "little";

const exactly =
	(tokens: number) => async (route: RouteClient, name: string) => {
		const answer = await route.ask({ ...route.atMost(9), [name]: tokens });
		expect(answer.tokens).toHaveLength(tokens);
		expect(answer.end).toBe("length");
	};

export const stoppingCases: readonly ParameterCase[] = [
	supported(
		{
			"/v1/chat/completions": "max_completion_tokens",
			"/v1/completions": "max_tokens",
			"/v1/responses": "max_output_tokens",
			"/v1/messages": "max_tokens",
		},
		"the answer ends after so many tokens, and says that this is why",
		exactly(5),
	),
	supported(
		"max_tokens",
		"the older name of `max_completion_tokens`",
		async (route) => {
			const answer = await route.ask({
				max_completion_tokens: undefined,
				max_tokens: 4,
			});
			expect(answer.tokens).toHaveLength(4);
			expect(answer.end).toBe("length");
		},
		["/v1/chat/completions"],
	),
	supported(
		stop,
		"the text ends before any of these, up to 16 strings",
		async (route, name) => {
			const { text } = await route.reference();
			expect(text).toContain(word);
			const cut = await route.ask({ [name]: ["never said", word] });
			expect(cut.text).toBe(text.slice(0, text.indexOf(word)));
			expect(cut.end).toBe("stop");
			if (name === "stop")
				expect((await route.ask({ stop: word })).text).toBe(cut.text);
			else expect(cut.body.stop_sequence).toBe(word);
		},
	),
	supported(
		"include_stop_str_in_output",
		"the text ends with the stop string",
		async (route) => {
			const { text } = await route.reference();
			const cut = await route.ask({
				[stop[route.name]]: [word],
				include_stop_str_in_output: true,
			});
			expect(cut.text).toBe(text.slice(0, text.indexOf(word) + word.length));
		},
	),
	supported(
		"stop_token_ids",
		"the answer ends with any of these tokens; its text is kept, as in vLLM",
		async (route) => {
			const { tokens } = await route.reference();
			const [token = 0] = route.service.tokenize(` ${word}`);
			const at = tokens.indexOf(token);
			expect(at).toBeGreaterThan(0);
			const cut = await route.ask({ stop_token_ids: [token] });
			expect(cut.text).toBe(route.service.detokenize(tokens.slice(0, at + 1)));
			expect(cut.end).toBe("stop");
		},
	),
	supported(
		"ignore_eos",
		"an answer goes on past its end, up to the limit",
		async (route) => {
			const fields = { ...route.question(greeting), ...route.atMost(20) };
			const plain = await route.reference(fields);
			expect(plain.end).toBe("stop");
			const long = await route.ask({ ...fields, ignore_eos: true });
			expect(long.end).toBe("length");
			expect(long.tokens).toHaveLength(20);
		},
	),
	supported(
		"min_tokens",
		"an answer ends no earlier than this",
		async (route) => {
			const fields = { ...route.question(greeting), ...route.atMost(36) };
			const plain = await route.reference(fields);
			expect(plain.tokens.length).toBeLessThan(25);
			const long = await route.ask({ ...fields, min_tokens: 30 });
			expect(long.tokens.length).toBeGreaterThanOrEqual(30);
		},
	),
	supported(
		"skip_special_tokens",
		"false shows control tokens that the model writes",
		async (route) => {
			const [control = 0] = route.service.tokenize("<|im_start|>");
			const force = { stop_token_ids: [] };
			// Only where logits can be biased can a control token be had for sure.
			if (route.name === "/v1/messages") {
				const shown = await route.ask({ skip_special_tokens: false });
				expect(shown.request.renderSpecialTokens).toBe(true);
				const hidden = await route.reference();
				expect(hidden.request.renderSpecialTokens).not.toBe(true);
				return;
			}
			const fields = {
				...route.atMost(2),
				...force,
				logit_bias: { [control]: 100 },
			};
			expect((await route.ask(fields)).text).toBe("");
			expect(
				(await route.ask({ ...fields, skip_special_tokens: false })).text,
			).toBe("<|im_start|><|im_start|>");
		},
	),
];
