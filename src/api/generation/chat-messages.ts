import { z } from "zod";
import type { ChatMessage } from "../../core/chat-message.ts";
import { sequenceOf } from "./sequence-of.ts";

const maxMessages = 10_000;
const maxParts = 1_000;

function unsupportedPart<Type extends string>(type: Type) {
	return z.looseObject({
		type: z.literal(type).superRefine((_value, context) => {
			const message = `Content parts of type '${type}' are not supported: this model reads text only. Send 'text' parts.`;
			context.addIssue({
				code: "custom",
				message,
				params: { code: "unsupported_parameter" },
			});
		}),
	});
}

const textPart = z.strictObject({ type: z.literal("text"), text: z.string() });

const inputPart = z.discriminatedUnion("type", [
	textPart,
	unsupportedPart("image_url"),
	unsupportedPart("input_audio"),
	unsupportedPart("video_url"),
	unsupportedPart("file"),
]);

const assistantPart = z.discriminatedUnion("type", [
	textPart,
	z.strictObject({ type: z.literal("refusal"), refusal: z.string() }),
]);

const inputContent = z.union([
	z.string(),
	sequenceOf(inputPart, { min: 1, max: maxParts }),
]);
const assistantContent = z.union([
	z.string(),
	sequenceOf(assistantPart, { min: 0, max: maxParts }),
]);

const name = z.string().max(256).nullish();

const toolCall = z.strictObject({
	id: z.string(),
	type: z.literal("function"),
	function: z.strictObject({
		name: z.string().min(1),
		arguments: z.string(),
		/** The clients' parsing helpers leave it behind. */
		parsed_arguments: z.unknown().optional(),
	}),
	/** Sent by clients that kept it from a stream. */
	index: z.int().nullish(),
});

/** Clients send back the assistant's messages as they got them, with fields of that answer. */
const answerFields = {
	annotations: z.unknown().optional(),
	provider_specific_fields: z.unknown().optional(),
	audio: z.null().optional(),
	/** The older form of `tool_calls`. */
	function_call: z
		.strictObject({ name: z.string().min(1), arguments: z.string() })
		.nullish(),
	/** The clients' parsing helpers leave it behind. */
	parsed: z.unknown().optional(),
};

const chatMessage = z.discriminatedUnion("role", [
	z.strictObject({
		role: z.enum(["system", "developer", "user"]),
		content: inputContent,
		name,
	}),
	z.strictObject({
		role: z.literal("assistant"),
		content: assistantContent.nullish(),
		name,
		refusal: z.string().nullish(),
		reasoning_content: z.string().nullish(),
		reasoning: z.string().nullish(),
		tool_calls: sequenceOf(toolCall, { min: 0, max: maxParts }).nullish(),
		...answerFields,
	}),
	z.strictObject({
		role: z.literal("function"),
		content: inputContent.nullish(),
		name: z.string().min(1).max(256),
	}),
	z.strictObject({
		role: z.literal("tool"),
		content: inputContent,
		tool_call_id: z.string(),
		name,
	}),
]);

export const messagesField = sequenceOf(chatMessage, {
	min: 1,
	max: maxMessages,
});

type WireMessage = z.output<typeof chatMessage>;
type WireContent =
	| string
	| readonly ({ type: string; text?: unknown; refusal?: unknown } | object)[];

export function toChatMessages(
	messages: readonly WireMessage[],
): ChatMessage[] {
	return messages.map(toChatMessage);
}

/** Calls of the older form have no ids; their function's name is one. */
const legacyCallId = (name: string) => `function_${name}`;

function toChatMessage(message: WireMessage): ChatMessage {
	const name = message.name ?? undefined;
	switch (message.role) {
		case "assistant": {
			const { function_call: legacy } = message;
			const called = message.tool_calls?.map(({ id, type, function: one }) => ({
				id,
				type,
				function: { name: one.name, arguments: one.arguments },
			}));
			const toolCalls =
				legacy === undefined || legacy === null
					? called
					: [
							...(called ?? []),
							{
								id: legacyCallId(legacy.name),
								type: "function" as const,
								function: legacy,
							},
						];
			return {
				role: "assistant",
				content: flatten(message.content ?? message.refusal ?? ""),
				name,
				reasoningContent:
					message.reasoning_content ?? message.reasoning ?? undefined,
				toolCalls:
					toolCalls === undefined || toolCalls.length === 0
						? undefined
						: toolCalls,
			};
		}
		case "function":
			return {
				role: "tool",
				content: flatten(message.content ?? ""),
				name,
				toolCallId: legacyCallId(message.name),
			};
		case "tool":
			return {
				role: "tool",
				content: flatten(message.content),
				name,
				toolCallId: message.tool_call_id,
			};
		default:
			return { role: message.role, content: flatten(message.content), name };
	}
}

/** Text parts become one text, a line each, as in vLLM. */
function flatten(content: WireContent): string {
	if (typeof content === "string") return content;
	return content
		.map((part) =>
			"text" in part ? part.text : "refusal" in part ? part.refusal : "",
		)
		.join("\n");
}
