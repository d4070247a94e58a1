import { z } from "zod";

/** MessageObject of message-object.ts, for the OpenAPI document and whoever reads answers by it. */
export const messageSchema = z
	.object({
		id: z.string(),
		type: z.literal("message"),
		role: z.literal("assistant"),
		model: z.string(),
		content: z.array(
			z.discriminatedUnion("type", [
				z.object({ type: z.literal("text"), text: z.string() }),
				z.object({
					type: z.literal("thinking"),
					thinking: z.string(),
					signature: z.string(),
				}),
				z.object({
					type: z.literal("tool_use"),
					id: z.string(),
					name: z.string(),
					input: z.looseObject({}),
				}),
			]),
		),
		stop_reason: z.enum([
			"end_turn",
			"max_tokens",
			"stop_sequence",
			"tool_use",
			"model_context_window_exceeded",
		]),
		stop_sequence: z.string().nullable(),
		usage: z.object({
			input_tokens: z.int().describe("Those that weren't cached."),
			cache_creation_input_tokens: z.int(),
			cache_read_input_tokens: z.int(),
			output_tokens: z.int(),
		}),
	})
	.meta({ title: "Message" });

export const messageError = z
	.object({
		type: z.literal("error"),
		error: z.object({
			type: z.string(),
			message: z.string(),
			/** Of a feature that the client can do without. */
			details: z
				.object({ error_code: z.string(), unsupported: z.array(z.string()) })
				.optional(),
		}),
		request_id: z.string().optional(),
	})
	.meta({ title: "MessageError" });
