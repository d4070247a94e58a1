import { z } from "zod";

/** What both kinds of completions answer, for the OpenAPI document and whoever reads answers by it. */

const tokenLogprob = {
	token: z.string(),
	logprob: z.number(),
	bytes: z.array(z.int()).describe("The truth where 'token' is escaped."),
};

export const tokenLogprobSchema = z.object({
	...tokenLogprob,
	top_logprobs: z.array(z.object(tokenLogprob)),
});

const promptLogprobs = z
	.array(
		z
			.record(
				z.string(),
				z.object({
					logprob: z.number(),
					rank: z.int().nullable(),
					decoded_token: z.string(),
				}),
			)
			.nullable(),
	)
	.describe("By token id; null for the first token.");

const usage = z.object({
	prompt_tokens: z.int(),
	completion_tokens: z.int(),
	total_tokens: z.int(),
	prompt_tokens_details: z.object({ cached_tokens: z.int() }),
	completion_tokens_details: z
		.object({ reasoning_tokens: z.int() })
		.optional()
		.describe("Of models that reason."),
});

const called = z.object({
	name: z.string(),
	arguments: z.string().describe("JSON text."),
});

/** What ended a choice: a stop string, a stop token; null for the model's own end and for length. */
const stopReason = z.union([z.string(), z.int()]).nullable();

export const chatCompletion = z
	.object({
		id: z.string(),
		object: z.literal("chat.completion"),
		created: z.int(),
		model: z.string(),
		system_fingerprint: z.string(),
		choices: z.array(
			z.object({
				index: z.int(),
				message: z.object({
					role: z.literal("assistant"),
					content: z.string().nullable(),
					refusal: z.null(),
					reasoning_content: z.string().optional(),
					reasoning: z.string().optional(),
					tool_calls: z
						.array(
							z.object({
								id: z.string(),
								type: z.literal("function"),
								function: called,
							}),
						)
						.optional(),
					function_call: called.optional(),
				}),
				logprobs: z
					.object({
						content: z.array(tokenLogprobSchema),
						refusal: z.null(),
					})
					.nullable(),
				finish_reason: z.enum([
					"stop",
					"length",
					"tool_calls",
					"function_call",
				]),
				stop_reason: stopReason,
			}),
		),
		usage,
		prompt_logprobs: promptLogprobs.optional(),
		truncation: z
			.object({
				dropped_messages: z.int(),
				dropped_tokens: z.int().nullable(),
			})
			.optional()
			.describe("What 'truncation': 'auto' left out of the conversation."),
	})
	.meta({ title: "ChatCompletion" });

export const textCompletion = z
	.object({
		id: z.string(),
		object: z.literal("text_completion"),
		created: z.int(),
		model: z.string(),
		system_fingerprint: z.string(),
		choices: z.array(
			z.object({
				text: z.string(),
				index: z.int(),
				logprobs: z
					.object({
						tokens: z.array(z.string()),
						token_logprobs: z.array(z.number().nullable()),
						top_logprobs: z
							.array(z.record(z.string(), z.number()).nullable())
							.nullable(),
						text_offset: z.array(z.int()),
					})
					.nullable(),
				finish_reason: z.enum(["stop", "length"]),
				stop_reason: stopReason,
				prompt_logprobs: promptLogprobs.optional(),
			}),
		),
		usage,
	})
	.meta({ title: "Completion" });
