import { z } from "zod";
import { templateFields } from "../generation/chat-body.ts";
import { extensionFields } from "../generation/generation-fields.ts";
import { refusedField } from "../generation/refused-field.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import { truncationField } from "../generation/truncation.ts";
import {
	cacheControl,
	ignored,
	messagesField,
	textBlocks,
} from "./message-blocks.ts";

const maxTools = 1024;

/** Server tools carry a type with a date, e.g. `web_search_20250305`: any that isn't `custom` is one. */
const toolType = z
	.string()
	.max(100)
	.superRefine((type, context) => {
		if (type === "custom") return;
		context.addIssue({
			code: "custom",
			message: `The tool '${type}' is not available: this server runs no tools itself. Declare a custom tool with a name and an input_schema, and run it yourself.`,
			params: { code: "unsupported_parameter" },
		});
	})
	.nullish();

const tool = z.strictObject({
	type: toolType,
	name: z
		.string()
		.min(1)
		.max(128)
		.regex(/^[\w.-]+$/, {
			message: "A tool's name may have letters, digits, '_', '-' and '.' only.",
		}),
	description: z.string().nullish(),
	input_schema: z.record(z.string(), z.unknown()),
	strict: z.boolean().nullish(),
	cache_control: cacheControl,
	allowed_callers: ignored,
	defer_loading: z.literal(false).nullish(),
	eager_input_streaming: ignored,
	input_examples: ignored,
});

const isSerial = z.boolean().nullish();

const toolChoice = z.discriminatedUnion("type", [
	z.strictObject({
		type: z.literal("auto"),
		disable_parallel_tool_use: isSerial,
	}),
	z.strictObject({
		type: z.literal("any"),
		disable_parallel_tool_use: isSerial,
	}),
	z.strictObject({
		type: z.literal("tool"),
		name: z.string().min(1).max(128),
		disable_parallel_tool_use: isSerial,
	}),
	z.strictObject({ type: z.literal("none") }),
]);

const display = z.enum(["summarized", "omitted"]).nullish();

const thinking = z.discriminatedUnion("type", [
	z.strictObject({
		type: z.literal("enabled"),
		budget_tokens: z
			.int()
			.min(1)
			.describe(
				"Accepted; thinking counts towards 'max_tokens', which is the limit.",
			),
		display,
	}),
	z.strictObject({ type: z.literal("adaptive"), display }),
	z.strictObject({ type: z.literal("disabled") }),
]);

const outputFormat = z.strictObject({
	type: z.literal("json_schema"),
	schema: z.record(z.string(), z.unknown()),
	name: z.string().nullish(),
});

/** What decides which tokens a model reads. */
const promptFields = {
	model: z
		.string()
		.nullish()
		.describe("A name of GET /v1/models; the base model when left out."),
	messages: messagesField,
	system: textBlocks.nullish(),
	tools: sequenceOf(tool, { min: 0, max: maxTools }).nullish(),
	tool_choice: toolChoice.nullish(),
	thinking: thinking.nullish(),
	output_config: z
		.strictObject({
			format: outputFormat.nullish(),
			effort: z.enum(["low", "medium", "high", "xhigh", "max"]).nullish(),
			task_budget: refusedField(
				[],
				"'output_config.task_budget' is not supported: send 'max_tokens'.",
			),
		})
		.nullish(),
	output_format: outputFormat
		.nullish()
		.describe("The older name of 'output_config.format'."),
	cache_control: cacheControl,
	chat_template: templateFields.chat_template,
	chat_template_kwargs: templateFields.chat_template_kwargs,
	context_management: refusedField(
		[{ edits: [] }],
		"'context_management' is not supported. Send 'truncation': 'auto' to leave out the oldest turns.",
	),
	mcp_servers: refusedField(
		[[]],
		"'mcp_servers' is not supported: this server calls no other servers. Run the tools yourself.",
	),
	thread: refusedField(
		[],
		"'thread' is not supported: this server holds no conversations. Send all messages with each request.",
	),
	speed: refusedField(
		["standard"],
		"'speed' is not supported: there is one speed. Leave it out.",
	),
	user_profile_id: ignored,
	workspace_id: ignored,
};

const {
	prompt_logprobs: _promptLogprobs,
	user: _user,
	safety_identifier: _safetyIdentifier,
	...samplingExtensions
} = extensionFields;

export const messageBody = z
	.strictObject({
		...promptFields,
		max_tokens: z
			.int()
			.min(1)
			.describe(
				"Tokens to generate at most; what the context has left, if that is less.",
			),
		stop_sequences: sequenceOf(z.string().min(1).max(1024), {
			min: 0,
			max: 16,
		}).nullish(),
		stream: z.boolean().nullish(),
		temperature: z.number().min(0).max(2).nullish(),
		top_p: z.number().min(0).max(1).nullish(),
		metadata: z
			.strictObject({
				user_id: z
					.string()
					.max(4096)
					.nullish()
					.describe(
						"Your end user. Users of one API key get equal shares of the engine and of the queue.",
					),
			})
			.nullish(),
		truncation: truncationField,
		...samplingExtensions,
		seed: z
			.int()
			.nullish()
			.describe(
				"Same seed, same parameters: same tokens, but for rounding, which depends on what else runs at the same time.",
			),
		service_tier: ignored,
		diagnostics: ignored,
		container: refusedField(
			[],
			"'container' is not supported: this server runs no code. Leave it out.",
		),
		inference_geo: refusedField(
			[],
			"'inference_geo' is not supported: the answer is computed on this server. Leave it out.",
		),
	})
	.meta({ title: "MessageRequest" });

export const countTokensBody = z
	.strictObject(promptFields)
	.meta({ title: "MessageCountTokensRequest" });

export type MessageBody = z.output<typeof messageBody>;
export type CountTokensBody = z.output<typeof countTokensBody>;
