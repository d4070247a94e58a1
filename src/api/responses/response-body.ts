import { z } from "zod";
import { templateFields } from "../generation/chat-body.ts";
import {
	extensionFields,
	openAiFields,
} from "../generation/generation-fields.ts";
import { refusedField } from "../generation/refused-field.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import { inputField } from "./input-items.ts";

const ignored = z
	.unknown()
	.optional()
	.describe("Accepted for compatibility; has no effect.");

const functionName = z
	.string()
	.min(1)
	.max(128)
	.regex(/^[\w.-]+$/, {
		message:
			"A function's name may have letters, digits, '_', '-' and '.' only.",
	});

const functionTool = z.strictObject({
	type: z.literal("function"),
	name: functionName,
	description: z.string().nullish(),
	parameters: z.record(z.string(), z.unknown()).nullish(),
	strict: z.boolean().nullish(),
	defer_loading: z.literal(false).nullish(),
	allowed_callers: ignored,
	output_schema: ignored,
});

function builtIn<Type extends string>(type: Type) {
	return z.looseObject({
		type: z.literal(type).superRefine((_value, context) => {
			context.addIssue({
				code: "custom",
				message: `The built-in tool '${type}' is not available: this server runs no tools itself. Declare it as a function and run it yourself.`,
				params: { code: "unsupported_parameter" },
			});
		}),
	});
}

const tool = z.discriminatedUnion("type", [
	functionTool,
	builtIn("web_search"),
	builtIn("web_search_preview"),
	builtIn("web_search_2025_08_26"),
	builtIn("web_search_preview_2025_03_11"),
	builtIn("file_search"),
	builtIn("computer"),
	builtIn("computer_use_preview"),
	builtIn("code_interpreter"),
	builtIn("image_generation"),
	builtIn("local_shell"),
	builtIn("shell"),
	builtIn("apply_patch"),
	builtIn("mcp"),
	builtIn("custom"),
	builtIn("namespace"),
	builtIn("tool_search"),
	builtIn("programmatic_tool_calling"),
]);

const namedFunction = z.strictObject({
	type: z.literal("function"),
	name: z.string().min(1),
});

const toolChoice = z.union([
	z.enum(["none", "auto", "required"]),
	z.discriminatedUnion("type", [
		namedFunction,
		z.strictObject({
			type: z.literal("allowed_tools"),
			mode: z.enum(["auto", "required"]),
			tools: sequenceOf(namedFunction, { min: 1, max: 1024 }),
		}),
	]),
]);

const textField = z.strictObject({
	format: z
		.discriminatedUnion("type", [
			z.strictObject({ type: z.literal("text") }),
			z.strictObject({ type: z.literal("json_object") }),
			z.strictObject({
				type: z.literal("json_schema"),
				name: z.string().min(1).max(128),
				description: z.string().nullish(),
				schema: z.record(z.string(), z.unknown()),
				strict: z.boolean().nullish(),
			}),
		])
		.nullish(),
	verbosity: z.enum(["low", "medium", "high"]).nullish(),
});

const summaryMessage =
	"A summary of reasoning is the reasoning itself here: send 'auto' or 'detailed', or leave it out.";

const summary = z
	.enum(["auto", "detailed", "concise"])
	.superRefine((value, context) => {
		if (value !== "concise") return;
		context.addIssue({
			code: "custom",
			message: summaryMessage,
			params: { code: "unsupported_parameter" },
		});
	})
	.nullish()
	.describe(summaryMessage);

const reasoningField = z.strictObject({
	effort: z
		.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
		.nullish(),
	summary,
	generate_summary: summary,
	context: ignored,
	mode: ignored,
});

const metadata = z
	.record(z.string().max(64), z.string().max(512))
	.refine((value) => Object.keys(value).length <= 16, {
		message: "'metadata' may have at most 16 entries.",
	})
	.describe("Kept with the response and repeated in it.");

/** What decides which tokens a model reads. */
const promptFields = {
	model: openAiFields.model,
	input: inputField,
	instructions: z
		.string()
		.nullish()
		.describe(
			"A system message before the input. Not taken over from the previous response.",
		),
	previous_response_id: z
		.string()
		.max(256)
		.nullish()
		.describe("Continues the conversation of a stored response."),
	parallel_tool_calls: z.boolean().nullish(),
	tools: sequenceOf(tool, { min: 0, max: 1024 }).nullish(),
	tool_choice: toolChoice.nullish(),
	text: textField.nullish(),
	reasoning: reasoningField.nullish(),
	truncation: z
		.enum(["auto", "disabled"])
		.nullish()
		.describe(
			"'auto' leaves out the oldest turns of a conversation that is too long; what was left out is in 'truncation_details'.",
		),
	chat_template: templateFields.chat_template,
	chat_template_kwargs: templateFields.chat_template_kwargs,
	conversation: refusedField(
		[],
		"'conversation' is not supported. Continue a response with 'previous_response_id'.",
	),
};

const { prompt_logprobs: _promptLogprobs, ...samplingExtensions } =
	extensionFields;

export const responseBody = z
	.strictObject({
		...promptFields,
		background: z
			.boolean()
			.nullish()
			.describe("Answer at once and go on; GET the response until it's done."),
		store: z
			.boolean()
			.nullish()
			.describe(
				"Keep the response, for 'previous_response_id' and GET. Default: true.",
			),
		stream: openAiFields.stream,
		stream_options: z
			.strictObject({
				include_obfuscation: z
					.boolean()
					.nullish()
					.describe("Accepted for compatibility; nothing is added to events."),
			})
			.nullish(),
		max_output_tokens: z
			.int()
			.min(1)
			.nullish()
			.describe("Default: the rest of the context."),
		max_tool_calls: z
			.int()
			.min(1)
			.nullish()
			.describe(
				"Counts calls of built-in tools, which there are none of: it has no effect.",
			),
		metadata: metadata.nullish(),
		temperature: openAiFields.temperature,
		top_p: openAiFields.top_p,
		top_logprobs: z.int().min(0).max(20).nullish(),
		include: sequenceOf(
			z.enum([
				"message.output_text.logprobs",
				"reasoning.encrypted_content",
				"file_search_call.results",
				"web_search_call.results",
				"web_search_call.action.sources",
				"message.input_image.image_url",
				"computer_call_output.output.image_url",
				"code_interpreter_call.outputs",
			]),
			{ min: 0, max: 32 },
		)
			.nullish()
			.describe(
				"'message.output_text.logprobs' has an effect. Reasoning is in the clear, so there is no encrypted content; the others belong to what isn't here.",
			),
		...samplingExtensions,
		// OpenAI has these for chat alone; here they work for both.
		presence_penalty: openAiFields.presence_penalty,
		frequency_penalty: openAiFields.frequency_penalty,
		seed: openAiFields.seed,
		stop: openAiFields.stop,
		logit_bias: openAiFields.logit_bias,
		service_tier: ignored,
		prompt_cache_key: z
			.string()
			.nullish()
			.describe("Repeated in the response; prefixes are found without it."),
		prompt_cache_retention: ignored,
		prompt_cache_options: ignored,
		prompt: refusedField(
			[],
			"'prompt' is not supported: this server keeps no prompt templates. Send the text as 'instructions' and 'input'.",
		),
		context_management: refusedField(
			[[]],
			"'context_management' is not supported. Send 'truncation': 'auto' to leave out the oldest turns.",
		),
		moderation: refusedField(
			[],
			"'moderation' is not supported: leave it out.",
		),
	})
	.meta({ title: "ResponseRequest" });

export const inputTokensBody = z
	.strictObject({ ...promptFields, personality: ignored })
	.meta({ title: "ResponseInputTokensRequest" });

export type ResponseBody = z.output<typeof responseBody>;
export type InputTokensBody = z.output<typeof inputTokensBody>;
