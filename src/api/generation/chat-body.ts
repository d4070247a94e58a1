import { z } from "zod";
import { messagesField } from "./chat-messages.ts";
import { constraintFields } from "./constraint-fields.ts";
import { policyFields } from "./field-policy.ts";
import { extensionFields, openAiFields } from "./generation-fields.ts";
import { reasoningFields } from "./reasoning-fields.ts";
import { toolFields } from "./tool-fields.ts";
import { truncationField } from "./truncation.ts";

/** What decides how messages become a prompt; `/tokenize` knows these fields too. */
export const templateFields = {
	chat_template: z
		.string()
		.nullish()
		.describe(
			"A Jinja template instead of the model's own, where the server allows it.",
		),
	chat_template_kwargs: z
		.record(z.string(), z.unknown())
		.nullish()
		.describe("Variables for the chat template."),
	add_generation_prompt: z
		.boolean()
		.nullish()
		.describe("End the prompt where the assistant begins. Default: true."),
	continue_final_message: z
		.boolean()
		.nullish()
		.describe(
			"End the prompt in the middle of the last message, to be gone on with, instead of beginning a new one.",
		),
	add_special_tokens: z
		.boolean()
		.nullish()
		.describe("Put the model's begin token before the prompt."),
};

export const structuredFields = {
	...constraintFields,
	...policyFields(["guided_whitespace_pattern"]),
};

const decodingFields = policyFields([
	"use_beam_search",
	"length_penalty",
	"early_stopping",
	"truncate_prompt_tokens",
	"allowed_token_ids",
	"bad_words",
	"logits_processors",
	"return_token_ids",
	"return_tokens_as_token_ids",
	"spaces_between_special_tokens",
	"request_id",
	"kv_transfer_params",
]);

/** What both kinds of completions refuse or ignore. */
export const sharedPolicyFields = { ...structuredFields, ...decodingFields };

const nvext = z
	.strictObject({
		...extensionFields,
		chat_template: templateFields.chat_template,
		chat_template_kwargs: templateFields.chat_template_kwargs,
		add_generation_prompt: templateFields.add_generation_prompt,
		continue_final_message: templateFields.continue_final_message,
		...structuredFields,
	})
	.nullish()
	.describe(
		"NIM 1.x's place for extensions. A field given here and at the top level must have one value.",
	);

export const chatBody = z
	.strictObject({
		messages: messagesField,
		...openAiFields,
		max_tokens: z
			.int()
			.min(1)
			.nullish()
			.describe("The older name of 'max_completion_tokens'."),
		max_completion_tokens: z
			.int()
			.min(1)
			.nullish()
			.describe("Default: the rest of the context."),
		logprobs: z.boolean().nullish(),
		top_logprobs: z.int().min(0).max(20).nullish(),
		truncation: truncationField,
		...extensionFields,
		...templateFields,
		...toolFields,
		...reasoningFields,
		nvext,
		...sharedPolicyFields,
		...policyFields([
			"audio",
			"modalities",
			"mm_processor_kwargs",
			"web_search_options",
			"verbosity",
			"documents",
		]),
	})
	.meta({ title: "ChatCompletionRequest" });

export type ChatBody = z.output<typeof chatBody>;
export type TemplateFields = z.output<z.ZodObject<typeof templateFields>>;
