import { z } from "zod";
import { tokenLogprobSchema } from "../generation/answer-schemas.ts";

/** ResponseObject of response-object.ts, for the OpenAPI document and whoever reads answers by it. */

const itemStatus = z.enum(["in_progress", "completed", "incomplete"]);

const outputItem = z.discriminatedUnion("type", [
	z.object({
		id: z.string(),
		type: z.literal("message"),
		role: z.literal("assistant"),
		status: itemStatus,
		content: z.array(
			z.object({
				type: z.literal("output_text"),
				text: z.string(),
				annotations: z.array(z.unknown()),
				logprobs: z.array(tokenLogprobSchema),
			}),
		),
	}),
	z.object({
		id: z.string(),
		type: z.literal("function_call"),
		status: itemStatus,
		call_id: z.string(),
		name: z.string(),
		arguments: z.string().describe("JSON text."),
	}),
	z.object({
		id: z.string(),
		type: z.literal("reasoning"),
		status: itemStatus,
		summary: z.array(
			z.object({ type: z.literal("summary_text"), text: z.string() }),
		),
		content: z.array(
			z.object({ type: z.literal("reasoning_text"), text: z.string() }),
		),
		encrypted_content: z.null(),
	}),
]);

export const responseSchema = z
	.object({
		id: z.string(),
		object: z.literal("response"),
		created_at: z.int(),
		completed_at: z.int().nullable(),
		status: z.enum([
			"queued",
			"in_progress",
			"completed",
			"incomplete",
			"failed",
			"cancelled",
		]),
		background: z.boolean(),
		error: z.object({ code: z.string(), message: z.string() }).nullable(),
		incomplete_details: z
			.object({ reason: z.literal("max_output_tokens") })
			.nullable(),
		model: z.string(),
		output: z.array(outputItem),
		usage: z
			.object({
				input_tokens: z.int(),
				input_tokens_details: z.object({ cached_tokens: z.int() }),
				output_tokens: z.int(),
				output_tokens_details: z.object({ reasoning_tokens: z.int() }),
				total_tokens: z.int(),
			})
			.nullable(),
		instructions: z.string().nullable(),
		max_output_tokens: z.int().nullable(),
		max_tool_calls: z.int().nullable(),
		metadata: z.record(z.string(), z.string()),
		parallel_tool_calls: z.boolean(),
		previous_response_id: z.string().nullable(),
		prompt_cache_key: z.string().nullable(),
		reasoning: z.object({
			effort: z.string().nullable(),
			summary: z.string().nullable(),
		}),
		safety_identifier: z.string().nullable(),
		service_tier: z.literal("default"),
		store: z.boolean(),
		temperature: z.number(),
		text: z.object({ format: z.looseObject({}), verbosity: z.string() }),
		tool_choice: z.union([z.string(), z.looseObject({})]),
		tools: z.array(z.looseObject({})),
		top_logprobs: z.int(),
		top_p: z.number(),
		truncation: z.enum(["auto", "disabled"]),
		user: z.string().nullable(),
		truncation_details: z
			.object({
				dropped_messages: z.int(),
				dropped_tokens: z.int().nullable(),
			})
			.optional()
			.describe("What 'truncation': 'auto' left out of the conversation."),
	})
	.meta({ title: "Response" });
