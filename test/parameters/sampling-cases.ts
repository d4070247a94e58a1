import { expect } from "vitest";
import type { Fields } from "./dialects.ts";
import { type ParameterCase, supported } from "./parameter-case.ts";
import { capital, type RouteClient } from "./route-client.ts";

/** Draws from everything: nearly each seed gives another text. */
const hot = { temperature: 2, seed: 1 };

const without = [
	"/v1/chat/completions",
	"/v1/completions",
	"/v1/responses",
] as const;

async function expectGreedy(route: RouteClient, fields: Fields) {
	const greedy = await route.reference();
	expect((await route.reference(hot)).text).not.toBe(greedy.text);
	expect((await route.ask({ ...hot, ...fields })).text).toBe(greedy.text);
}

/** The model says the same sentence again and again. */
const repetitive = (route: RouteClient) => ({
	...route.question(capital),
	...route.atMost(48),
	ignore_eos: true,
});

const repeat = (route: RouteClient, fields: Fields = {}) =>
	Object.keys(fields).length === 0
		? route.reference(repetitive(route))
		: route.ask({ ...repetitive(route), ...fields });

const distinct = (tokens: readonly number[]) => new Set(tokens).size;

const repetition = { repetition_penalty: 2 };
const dry = { dry_multiplier: 5 };

/** What these fields do to a repetition is undone by these others. */
async function expectUndone(
	route: RouteClient,
	fields: Fields,
	undoing: Fields,
) {
	const plain = await repeat(route);
	expect((await repeat(route, fields)).text).not.toBe(plain.text);
	expect((await repeat(route, { ...fields, ...undoing })).text).toBe(
		plain.text,
	);
}

export const samplingCases: readonly ParameterCase[] = [
	supported(
		"temperature",
		"0 gives the likeliest tokens whatever the seed; 2 draws another text for each",
		async (route) => {
			const [first, second, drawn, other] = await route.askEach([
				{ temperature: 0, seed: 1 },
				{ temperature: 0, seed: 2 },
				{ temperature: 2, seed: 1 },
				{ temperature: 2, seed: 2 },
			]);
			expect(first?.text).toBe(second?.text);
			expect(drawn?.text).not.toBe(other?.text);
		},
	),
	supported(
		"top_p",
		"draws from the likeliest tokens that make up this share: at 0.001 from one",
		(route) => expectGreedy(route, { top_p: 0.001 }),
	),
	supported(
		"top_k",
		"draws from so many of the likeliest tokens: at 1 from one",
		(route) => expectGreedy(route, { top_k: 1 }),
	),
	supported(
		"min_p",
		"leaves out tokens less likely than this share of the likeliest: at 1 only that is left",
		(route) => expectGreedy(route, { min_p: 1 }),
	),
	supported(
		"typical_p",
		"draws from the most typical tokens of this share: near 0 from one, so that all seeds give one text",
		async (route) => {
			const texts = await route.askEach(
				[1, 2, 3].map((seed) => ({
					...route.atMost(4),
					...hot,
					seed,
					typical_p: 0.0001,
				})),
			);
			expect(new Set(texts.map(({ text }) => text)).size).toBe(1);
		},
	),
	supported(
		"seed",
		"the same seed draws the same text, another one another; next to other requests, whose numbers are rounded together with these, up to rounding",
		async (route) => {
			const [first, again, other] = await route
				.ofFakeEngine()
				.askEach([5, 5, 6].map((seed) => ({ temperature: 2, seed })));
			expect(first?.text).toBe(again?.text);
			expect(first?.text).not.toBe(other?.text);
		},
	),
	supported(
		"presence_penalty",
		"what the answer has said counts less: at 2 a long answer goes on in other words",
		async (route, name) => {
			const rambling = {
				...route.question("Tell me a long story about a dog and a king."),
				...route.atMost(80),
				ignore_eos: true,
			};
			const plain = await route.reference(rambling);
			const penalised = await route.ask({ ...rambling, [name]: 2 });
			expect(distinct(penalised.tokens)).toBeGreaterThan(
				distinct(plain.tokens),
			);
		},
		without,
	),
	supported(
		"frequency_penalty",
		"what the answer has said counts less each time: at 2 a repeating text says other words",
		async (route, name) => {
			const plain = await repeat(route);
			const penalised = await repeat(route, { [name]: 2 });
			expect(distinct(penalised.tokens)).toBeGreaterThan(
				distinct(plain.tokens),
			);
			const { presencePenalty, frequencyPenalty } = penalised.request.sampling;
			expect([presencePenalty, frequencyPenalty]).toEqual([0, 2]);
		},
		without,
	),
	supported(
		"repetition_penalty",
		"what prompt and answer have said counts less: at 2 a repeating text says other words",
		async (route) => {
			const plain = await repeat(route);
			const penalised = await repeat(route, repetition);
			expect(distinct(penalised.tokens)).toBeGreaterThan(
				distinct(plain.tokens),
			);
		},
	),
	supported(
		"repeat_last_n",
		"how far back penalties look: at 0 nowhere, and the text repeats again",
		(route) => expectUndone(route, repetition, { repeat_last_n: 0 }),
	),
	supported(
		"dry_multiplier",
		"how much is taken from a token that goes on with a repetition: 5 ends it",
		async (route) => {
			const plain = await repeat(route);
			const penalised = await repeat(route, dry);
			expect(distinct(penalised.tokens)).toBeGreaterThan(
				distinct(plain.tokens),
			);
		},
	),
	supported(
		"dry_base",
		"how steeply that grows with the repetition: 20 ends one that 1 lets go on",
		async (route) => {
			const plain = await repeat(route);
			const gentle = { dry_multiplier: 0.01, dry_base: 1 };
			expect((await repeat(route, gentle)).text).toBe(plain.text);
			const steep = { dry_multiplier: 0.01, dry_base: 20 };
			expect((await repeat(route, steep)).text).not.toBe(plain.text);
		},
	),
	supported(
		"dry_allowed_length",
		"repetitions of so many tokens are left alone",
		(route) => expectUndone(route, dry, { dry_allowed_length: 100 }),
	),
	supported(
		"dry_penalty_last_n",
		"how far back DRY looks: at 0 nowhere, and the text repeats again",
		(route) => expectUndone(route, dry, { dry_penalty_last_n: 0 }),
	),
	supported(
		"dry_sequence_breakers",
		"a repetition ends at these texts: at single letters none is long, and the text repeats again",
		(route) =>
			expectUndone(route, dry, {
				dry_sequence_breakers: [" ", ".", "a", "e", "i"],
			}),
	),
	supported(
		"logit_bias",
		"-100 bans a token, 100 brings it",
		async (route, name) => {
			const plain = await route.reference();
			const [first = 0] = plain.tokens;
			const banned = await route.ask({ [name]: { [first]: -100 } });
			expect(banned.tokens).not.toContain(first);
			const [wanted = 0] = route.service.tokenize(" apple");
			const forced = await route.ask({
				...route.atMost(3),
				[name]: { [wanted]: 100 },
			});
			expect(forced.tokens).toEqual([wanted, wanted, wanted]);
		},
		without,
	),
	supported(
		"logprobs",
		"true gives the chosen tokens with their log-probabilities",
		async (route) => {
			const { body, tokens } = await route.ask({ logprobs: true });
			const { content } = body.choices[0].logprobs;
			expect(content).toHaveLength(tokens.length);
			for (const entry of content) {
				expect(entry.logprob).toBeLessThanOrEqual(0);
				expect(entry.top_logprobs).toEqual([]);
			}
		},
		["/v1/chat/completions"],
	),
	supported(
		"logprobs",
		"3 gives three alternatives for each token, the chosen one among them",
		async (route) => {
			const { body, tokens } = await route.ask({ logprobs: 3 });
			const { token_logprobs, top_logprobs } = body.choices[0].logprobs;
			expect(token_logprobs).toHaveLength(tokens.length);
			for (const [index, top] of top_logprobs.entries()) {
				expect(Object.keys(top)).toHaveLength(3);
				expect(Object.values(top)).toContain(token_logprobs[index]);
			}
		},
		["/v1/completions"],
	),
	supported(
		"top_logprobs",
		"3 gives three alternatives for each token, the likeliest first",
		async (route) => {
			const answer = await route.ask({
				top_logprobs: 3,
				...(route.name === "/v1/chat/completions" ? { logprobs: true } : {}),
			});
			const entries =
				route.name === "/v1/chat/completions"
					? answer.body.choices[0].logprobs.content
					: answer.body.output[0].content[0].logprobs;
			expect(entries).toHaveLength(answer.tokens.length);
			for (const { token, top_logprobs } of entries) {
				expect(top_logprobs).toHaveLength(3);
				expect(top_logprobs[0].token).toBe(token);
			}
		},
		["/v1/chat/completions", "/v1/responses"],
	),
	supported(
		"include",
		"`message.output_text.logprobs` gives them; the other values name what isn't here or is in the clear anyway",
		async (route) => {
			const include = [
				"message.output_text.logprobs",
				"reasoning.encrypted_content",
			];
			const { body, tokens } = await route.ask({ include });
			expect(body.output[0].content[0].logprobs).toHaveLength(tokens.length);
		},
		["/v1/responses"],
	),
	supported(
		"prompt_logprobs",
		"one entry for each token of the prompt but the first, with alternatives",
		async (route) => {
			const { body, request } = await route.ask({ prompt_logprobs: 2 });
			const entries = body.prompt_logprobs ?? body.choices[0].prompt_logprobs;
			expect(entries).toHaveLength(request.promptTokens.length);
			expect(entries[0]).toBeNull();
			for (const [index, entry] of entries.entries())
				if (index > 0)
					expect(Object.keys(entry)).toContain(
						String(request.promptTokens[index]),
					);
		},
		["/v1/chat/completions", "/v1/completions"],
	),
];
