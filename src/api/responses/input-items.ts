import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import {
	createResponseId,
	type InputItem,
	type InputMessageItem,
	type ItemStatus,
} from "./response-object.ts";

/** The `input` of a response as it comes over the wire, and the items that are made of it. */

export const maxInputItems = 10_000;
const maxParts = 1_000;

function refused<Type extends string>(type: Type, message: string) {
	return z.looseObject({
		type: z.literal(type).superRefine((_value, context) => {
			context.addIssue({
				code: "custom",
				message,
				params: { code: "unsupported_parameter" },
			});
		}),
	});
}

const refusedPart = <Type extends string>(type: Type) =>
	refused(
		type,
		`Content parts of type '${type}' are not supported: this model reads text only. Send 'input_text' parts.`,
	);

const refusedItem = <Type extends string>(type: Type) =>
	refused(
		type,
		`Items of type '${type}' are not supported: this server runs no built-in tools and keeps no such items. Leave it out.`,
	);

const inputText = z.strictObject({
	type: z.literal("input_text"),
	text: z.string(),
	prompt_cache_breakpoint: z.unknown().optional(),
});

const outputText = z.strictObject({
	type: z.literal("output_text"),
	text: z.string(),
	annotations: z.unknown().optional(),
	logprobs: z.unknown().optional(),
	/** The clients' parsing helpers leave it behind. */
	parsed: z.unknown().optional(),
});

const refusal = z.strictObject({
	type: z.literal("refusal"),
	refusal: z.string(),
});

const contentPart = z.discriminatedUnion("type", [
	inputText,
	outputText,
	refusal,
	refusedPart("input_image"),
	refusedPart("input_file"),
	refusedPart("input_audio"),
]);

const content = z.union([
	z.string(),
	sequenceOf(contentPart, { min: 0, max: maxParts }),
]);

const id = z.string().max(256).nullish();
const status = z.enum(["in_progress", "completed", "incomplete"]).nullish();

const message = z.strictObject({
	type: z.literal("message"),
	role: z.enum(["system", "developer", "user", "assistant"]),
	content,
	id,
	status,
	phase: z.unknown().optional(),
});

const functionCall = z.strictObject({
	type: z.literal("function_call"),
	call_id: z.string().min(1),
	name: z.string().min(1),
	arguments: z.string(),
	id,
	status,
	namespace: z.null().optional(),
	caller: z.unknown().optional(),
	parsed_arguments: z.unknown().optional(),
});

const functionCallOutput = z.strictObject({
	type: z.literal("function_call_output"),
	call_id: z.string().min(1),
	output: z.union([
		z.string(),
		sequenceOf(contentPart, { min: 0, max: maxParts }),
	]),
	id,
	status,
	caller: z.unknown().optional(),
});

const reasoning = z.strictObject({
	type: z.literal("reasoning"),
	summary: sequenceOf(
		z.strictObject({ type: z.literal("summary_text"), text: z.string() }),
		{ min: 0, max: maxParts },
	).nullish(),
	content: sequenceOf(
		z.strictObject({ type: z.literal("reasoning_text"), text: z.string() }),
		{ min: 0, max: maxParts },
	).nullish(),
	encrypted_content: z.string().nullish(),
	id,
	status,
});

const itemReference = z.strictObject({
	type: z.literal("item_reference"),
	id: z.string().min(1).max(256),
});

/** Messages may come without a type. */
const inputItem = z.preprocess(
	(value) =>
		typeof value === "object" &&
		value !== null &&
		!("type" in value) &&
		"role" in value
			? { type: "message", ...value }
			: value,
	z.discriminatedUnion("type", [
		message,
		functionCall,
		functionCallOutput,
		reasoning,
		itemReference,
		refusedItem("file_search_call"),
		refusedItem("web_search_call"),
		refusedItem("computer_call"),
		refusedItem("computer_call_output"),
		refusedItem("image_generation_call"),
		refusedItem("code_interpreter_call"),
		refusedItem("local_shell_call"),
		refusedItem("local_shell_call_output"),
		refusedItem("shell_call"),
		refusedItem("shell_call_output"),
		refusedItem("apply_patch_call"),
		refusedItem("apply_patch_call_output"),
		refusedItem("mcp_list_tools"),
		refusedItem("mcp_approval_request"),
		refusedItem("mcp_approval_response"),
		refusedItem("mcp_call"),
		refusedItem("custom_tool_call"),
		refusedItem("custom_tool_call_output"),
		refusedItem("tool_search_call"),
		refusedItem("tool_search_output"),
		refusedItem("compaction"),
	]),
);

export const inputField = z
	.union([z.string(), sequenceOf(inputItem, { min: 1, max: maxInputItems })])
	.describe("A user's text, or the items of a conversation.");

type WireInput = z.output<typeof inputField>;
type WireItem = Exclude<WireInput, string>[number];
type WireContent = z.output<typeof content>;

/** Stands for an item of a stored response's output. */
interface ItemReference {
	type: "item_reference";
	id: string;
}

/** Looks up an item of a stored response's output. */
export type FindItem = (id: string) => Promise<InputItem | null>;

/** As they are stored: with ids, and without references. */
export async function readInput(
	input: WireInput,
	find: FindItem,
): Promise<InputItem[]> {
	const items: InputItem[] = [];
	for (const [index, item] of toInputItems(input).entries()) {
		if (item.type !== "item_reference") {
			items.push(item);
			continue;
		}
		const found = await find(item.id);
		if (found !== null) {
			items.push(found);
			continue;
		}
		const message = `Item with id '${item.id.slice(0, 100)}' not found. It may have been deleted or dropped, or was made with 'store': false: send the item itself.`;
		throw new GalleyError("invalid_request", message, {
			param: `input[${index}]`,
		});
	}
	return items;
}

function toInputItems(input: WireInput): (InputItem | ItemReference)[] {
	if (typeof input === "string")
		return [toMessageItem({ role: "user", content: input })];
	return input.map(toInputItem);
}

function toInputItem(item: WireItem): InputItem | ItemReference {
	switch (item.type) {
		case "item_reference":
			return item as ItemReference;
		case "message":
			return toMessageItem(item as z.output<typeof message>);
		case "function_call": {
			const call = item as z.output<typeof functionCall>;
			return {
				id: call.id ?? createResponseId("fc"),
				type: "function_call",
				status: call.status ?? "completed",
				call_id: call.call_id,
				name: call.name,
				arguments: call.arguments,
			};
		}
		case "function_call_output": {
			const result = item as z.output<typeof functionCallOutput>;
			return {
				id: result.id ?? createResponseId("fco"),
				type: "function_call_output",
				status: result.status ?? "completed",
				call_id: result.call_id,
				output: flattenContent(result.output),
			};
		}
		default: {
			const thought = item as z.output<typeof reasoning>;
			return {
				id: thought.id ?? createResponseId("rs"),
				type: "reasoning",
				status: thought.status ?? "completed",
				summary: [...(thought.summary ?? [])],
				content: [...(thought.content ?? [])],
				encrypted_content: null,
			};
		}
	}
}

function toMessageItem(given: {
	role: InputMessageItem["role"];
	content: WireContent;
	id?: string | null | undefined;
	status?: ItemStatus | null | undefined;
}): InputMessageItem {
	const { role, content: parts } = given;
	const isAnswer = role === "assistant";
	const toPart = (text: string): InputMessageItem["content"][number] =>
		isAnswer
			? { type: "output_text", text, annotations: [], logprobs: [] }
			: { type: "input_text", text };
	return {
		id: given.id ?? createResponseId("msg"),
		type: "message",
		role,
		status: given.status ?? "completed",
		content:
			typeof parts === "string"
				? [toPart(parts)]
				: parts.map((part) =>
						part.type === "refusal"
							? (part as z.output<typeof refusal>)
							: toPart((part as z.output<typeof inputText>).text),
					),
	};
}

/** Parts become one text, a line each, as in chat messages. */
export function flattenContent(
	parts: string | readonly { type: string }[],
): string {
	if (typeof parts === "string") return parts;
	return parts
		.map((part) => {
			if ("text" in part) return part.text;
			return "refusal" in part ? part.refusal : "";
		})
		.join("\n");
}
