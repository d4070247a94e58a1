import { z } from "zod";
import { sequenceOf } from "../generation/sequence-of.ts";

/** The content blocks of Anthropic's messages, as they come over the wire. */

const maxBlocks = 10_000;

export const ignored = z
	.unknown()
	.optional()
	.describe("Accepted for compatibility; has no effect.");

/** Prefixes are found without marks; the marks say nothing about the answer. */
export const cacheControl = z
	.strictObject({
		type: z.literal("ephemeral"),
		ttl: z.enum(["5m", "1h"]).nullish(),
	})
	.nullish()
	.describe(
		"Accepted for compatibility; has no effect: every prompt's prefix is cached, marked or not. See 'usage.cache_read_input_tokens'.",
	);

function refusedBlock<Type extends string>(type: Type, advice: string) {
	return z.looseObject({
		type: z.literal(type).superRefine((_value, context) => {
			context.addIssue({
				code: "custom",
				message: `Content blocks of type '${type}' are not supported: ${advice}`,
				params: { code: "unsupported_parameter" },
			});
		}),
	});
}

const textOnly = "this model reads text only. Send 'text' blocks.";
const noServerTools =
	"this server runs no tools itself. Leave the block out, or send what it says as text.";

const text = z.strictObject({
	type: z.literal("text"),
	text: z.string(),
	cache_control: cacheControl,
	citations: ignored,
});

const unreadable = [
	refusedBlock("image", textOnly),
	refusedBlock("document", textOnly),
	refusedBlock("search_result", textOnly),
] as const;

export const textBlocks = z.union([
	z.string(),
	sequenceOf(text, { min: 0, max: maxBlocks }),
]);

const toolResult = z.strictObject({
	type: z.literal("tool_result"),
	tool_use_id: z.string().min(1).max(256),
	content: z
		.union([
			z.string(),
			sequenceOf(
				z.discriminatedUnion("type", [
					text,
					...unreadable,
					refusedBlock("tool_reference", noServerTools),
				]),
				{ min: 0, max: maxBlocks },
			),
		])
		.nullish(),
	is_error: z.boolean().nullish(),
	cache_control: cacheControl,
	toolset_name: z.null().optional(),
});

const toolUse = z.strictObject({
	type: z.literal("tool_use"),
	id: z.string().min(1).max(256),
	name: z.string().min(1).max(256),
	input: z.record(z.string(), z.unknown()),
	cache_control: cacheControl,
	caller: z.looseObject({ type: z.literal("direct") }).nullish(),
	toolset_name: z.null().optional(),
});

const thinking = z.strictObject({
	type: z.literal("thinking"),
	thinking: z.string(),
	/** Whoever made it: reasoning is in the clear here, and nothing is proven by it. */
	signature: z.string().nullish(),
});

const redactedThinking = z.strictObject({
	type: z.literal("redacted_thinking"),
	data: z.string(),
});

const userBlock = z.discriminatedUnion("type", [
	text,
	toolResult,
	...unreadable,
	refusedBlock("container_upload", noServerTools),
]);

const assistantBlock = z.discriminatedUnion("type", [
	text,
	toolUse,
	thinking,
	redactedThinking,
	refusedBlock("server_tool_use", noServerTools),
	refusedBlock("web_search_tool_result", noServerTools),
	refusedBlock("web_fetch_tool_result", noServerTools),
	refusedBlock("code_execution_tool_result", noServerTools),
	refusedBlock("mcp_tool_use", noServerTools),
	refusedBlock("mcp_tool_result", noServerTools),
]);

const message = z.discriminatedUnion("role", [
	z.strictObject({
		role: z.literal("user"),
		content: z.union([
			z.string(),
			sequenceOf(userBlock, { min: 1, max: maxBlocks }),
		]),
	}),
	z.strictObject({
		role: z.literal("assistant"),
		content: z.union([
			z.string(),
			sequenceOf(assistantBlock, { min: 0, max: maxBlocks }),
		]),
	}),
	z.strictObject({ role: z.literal("system"), content: textBlocks }),
]);

export const messagesField = sequenceOf(message, { min: 1, max: maxBlocks });

export type WireMessage = z.output<typeof message>;
export type TextBlocks = z.output<typeof textBlocks>;
export type ToolResultBlock = z.output<typeof toolResult>;
