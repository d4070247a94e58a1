import { z } from "zod";
import { policyFields } from "../generation/field-policy.ts";
import { embeddingTypes } from "./embedding-encoding.ts";
import { embeddingInputSchema, inputRequired } from "./embedding-input.ts";

export const truncateField = z
	.enum(["NONE", "START", "END"])
	.nullish()
	.describe(
		"What happens to an input of more tokens than the model takes: an error (NONE, the default), or its start or end is cut off.",
	);

export const embeddingBody = z
	.strictObject({
		model: z
			.string()
			.nullish()
			.describe(
				"With '-query' or '-passage' behind its name in place of 'input_type'.",
			),
		input: z
			.custom<unknown>()
			.superRefine((value, context) => {
				if (value === undefined)
					context.addIssue({ code: "custom", message: inputRequired });
			})
			.meta(embeddingInputSchema),
		input_type: z
			.enum(["query", "passage"])
			.nullish()
			.describe(
				"What the texts are: models may have been trained to tell questions from what answers them.",
			),
		truncate: truncateField,
		dimensions: z
			.int()
			.min(1)
			.nullish()
			.describe("The leading dimensions wanted; default: all."),
		encoding_format: z
			.enum(["float", "base64"])
			.nullish()
			.describe(
				"Numbers (the default), or the little-endian bytes of the vector in base64.",
			),
		embedding_type: z
			.enum(embeddingTypes)
			.nullish()
			.describe(
				"float is 32 bits a dimension, int8 and uint8 8, binary and ubinary 1.",
			),
		modality: z
			.union([z.literal("text"), z.array(z.literal("text"))])
			.nullish()
			.describe("This model reads text only."),
		user: z.string().nullish().describe("Accepted; has no effect."),
		...policyFields(["truncate_prompt_tokens"]),
	})
	.meta({ title: "CreateEmbeddingRequest" });

export type EmbeddingBody = z.output<typeof embeddingBody>;

export const usage = z
	.object({ prompt_tokens: z.int(), total_tokens: z.int() })
	.meta({ title: "EncoderUsage" });

export const embeddingList = z
	.object({
		object: z.literal("list"),
		data: z.array(
			z.object({
				object: z.literal("embedding"),
				index: z.int(),
				embedding: z.union([z.array(z.number()), z.string()]),
			}),
		),
		model: z.string(),
		usage,
	})
	.meta({ title: "CreateEmbeddingResponse" });
