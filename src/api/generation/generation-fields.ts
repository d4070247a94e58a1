import { z } from "zod";
import { adapterField } from "./adapter-choice.ts";
import {
	isTokenId,
	sequenceOf,
	tokenIdMessage,
	tokenList,
} from "./sequence-of.ts";

/**
 * The fields that chat and text completions have in common, as they come over the wire. Every one may also be `null`,
 * which is the same as leaving it out: clients in typed languages send it so.
 */

const nonEmpty = z.string().min(1).max(1024);

/** JSON's integers, down to those beyond 2^53: OpenAI's range is 64 bits. */
const seed = z
	.number()
	.refine((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63, {
		message: "'seed' must be an integer of at most 64 bits.",
	})
	.meta({
		type: "integer",
		description:
			"Same seed, same parameters: same tokens, but for rounding, which depends on what else runs at the same time.",
	});

const maxBiasedTokens = 4096;

const logitBias = z
	.custom<Readonly<Record<string, number>>>()
	.superRefine((value: unknown, context) => {
		if (typeof value !== "object" || value === null || Array.isArray(value)) {
			context.addIssue({
				code: "invalid_type",
				expected: "object",
				input: value,
			});
			return;
		}
		const entries = Object.entries(value);
		if (entries.length > maxBiasedTokens) {
			context.addIssue({
				code: "custom",
				message: `'logit_bias' may name at most ${maxBiasedTokens} tokens.`,
			});
			return;
		}
		for (const [token, bias] of entries) {
			if (!/^\d{1,10}$/.test(token) || !isTokenId(Number(token))) {
				context.addIssue({
					code: "custom",
					message: `The keys of 'logit_bias' are token ids. ${tokenIdMessage}`,
				});
				return;
			}
			if (typeof bias !== "number" || !(bias >= -100 && bias <= 100)) {
				const message = `'logit_bias.${token}' must be a number from -100 to 100.`;
				context.addIssue({ code: "custom", path: [token], message });
				return;
			}
		}
	})
	.meta({
		type: "object",
		additionalProperties: { type: "number", minimum: -100, maximum: 100 },
	});

/** OpenAI's own. */
export const openAiFields = {
	model: z
		.string()
		.nullish()
		.describe("A name of GET /v1/models; the base model when left out."),
	stream: z.boolean().nullish(),
	stream_options: z
		.strictObject({
			include_usage: z
				.boolean()
				.nullish()
				.describe("Send one more chunk with the usage before the end."),
			include_obfuscation: z
				.boolean()
				.nullish()
				.describe("Accepted for compatibility; nothing is added to chunks."),
			continuous_usage_stats: z.literal(false).nullish(),
		})
		.nullish(),
	n: z.int().min(1).nullish().describe("Choices to generate for each prompt."),
	max_tokens: z.int().min(0).nullish(),
	temperature: z
		.number()
		.min(0)
		.max(2)
		.nullish()
		.describe("0 always takes the likeliest token."),
	top_p: z.number().min(0).max(1).nullish(),
	presence_penalty: z.number().min(-2).max(2).nullish(),
	frequency_penalty: z.number().min(-2).max(2).nullish(),
	seed: seed.nullish(),
	stop: z
		.union([nonEmpty, sequenceOf(nonEmpty, { min: 0, max: 16 })])
		.nullish(),
	logit_bias: logitBias.nullish(),
};

/** A day: no HTTP connection waits longer. */
export const longestDeadlineMs = 86_400_000;

/** Who asks, and what is shared with others. */
export const askerFields = {
	user: z
		.string()
		.nullish()
		.describe(
			"Your end user. Users of one API key get equal shares of the engine and of the queue.",
		),
	safety_identifier: z
		.string()
		.nullish()
		.describe("OpenAI's newer name of 'user'; read where 'user' is left out."),
	cache_salt: z
		.string()
		.max(1024)
		.nullish()
		.describe(
			"Prompts share cached prefixes only with prompts of the same salt.",
		),
};

/** vLLM's, NIM's and llama.cpp's, at the top level and inside `nvext`. */
export const extensionFields = {
	top_k: z
		.int()
		.min(-1)
		.max(2147483647)
		.nullish()
		.describe("0 and -1 keep all tokens."),
	min_p: z.number().min(0).max(1).nullish(),
	typical_p: z.number().gt(0).max(1).nullish(),
	repetition_penalty: z.number().gt(0).max(10).nullish(),
	repeat_last_n: z
		.int()
		.min(-1)
		.max(2147483647)
		.nullish()
		.describe("How far back penalties look; -1 is everything."),
	dry_multiplier: z
		.number()
		.min(0)
		.max(100)
		.nullish()
		.describe("0 turns the DRY penalty off."),
	dry_base: z.number().min(1).max(100).nullish(),
	dry_allowed_length: z.int().min(0).max(2147483647).nullish(),
	dry_penalty_last_n: z.int().min(-1).max(2147483647).nullish(),
	dry_sequence_breakers: sequenceOf(nonEmpty, { min: 0, max: 64 }).nullish(),
	lora: adapterField,
	ignore_eos: z.boolean().nullish(),
	min_tokens: z.int().min(0).nullish(),
	stop_token_ids: tokenList({ min: 0, max: 1024 }).nullish(),
	skip_special_tokens: z.boolean().nullish(),
	include_stop_str_in_output: z.boolean().nullish(),
	prompt_logprobs: z.int().min(0).max(20).nullish(),
	priority: z
		.int()
		.min(-2147483648)
		.max(2147483647)
		.nullish()
		.describe("Lower runs first."),
	deadline_ms: z
		.int()
		.min(1)
		.max(longestDeadlineMs)
		.nullish()
		.describe(
			"Milliseconds from the request's arrival to its first token. Refused at once with 429 when that can't be met, ended with 504 when it wasn't. Also as the header X-Request-Deadline-Ms; the field wins.",
		),
	...askerFields,
};

export type GenerationFields = z.output<
	z.ZodObject<typeof openAiFields & typeof extensionFields>
>;
