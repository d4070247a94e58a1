import { z } from "zod";
import { sequenceOf } from "./sequence-of.ts";

/**
 * What the output must look like: OpenAI's `response_format`, vLLM's older `guided_*` and its newer `structured_outputs`.
 * Shapes are checked here; whether a schema, pattern or grammar can be enforced is said when it is compiled.
 */

const longestSource = 1_000_000;

const source = z.string().min(1).max(longestSource);

const schemaObject = z.record(z.string(), z.unknown());

const jsonSchema = z
	.custom<Readonly<Record<string, unknown>> | string>()
	.superRefine((value: unknown, context) => {
		const isObject = typeof value === "object" && !Array.isArray(value);
		if (typeof value !== "string" && (!isObject || value === null)) {
			context.addIssue({
				code: "custom",
				message: "A JSON schema is an object, or its JSON text.",
			});
		}
		if (typeof value !== "string" || isJsonObject(value)) return;
		context.addIssue({
			code: "custom",
			message:
				"This text is not the JSON text of a schema, which is an object.",
		});
	})
	.meta({ anyOf: [{ type: "object" }, { type: "string" }] });

function isJsonObject(text: string): boolean {
	if (text.length > longestSource) return false;
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null && !Array.isArray(value);
	} catch {
		return false;
	}
}

const choices = sequenceOf(z.string().min(1).max(100_000), {
	min: 1,
	max: 10_000,
});

const responseFormat = z.discriminatedUnion("type", [
	z.strictObject({ type: z.literal("text") }),
	z.strictObject({ type: z.literal("json_object") }),
	z.strictObject({
		type: z.literal("json_schema"),
		json_schema: z.strictObject({
			name: z.string().min(1).max(256).nullish().describe("For your own use."),
			description: z.string().nullish().describe("For your own use."),
			schema: schemaObject,
			strict: z
				.boolean()
				.nullish()
				.describe(
					"The schema is enforced either way. With true it must also keep OpenAI's rules: objects with additionalProperties false and all properties required.",
				),
		}),
	}),
]);

const structuredOutputs = z.strictObject({
	json: jsonSchema.nullish(),
	regex: source.nullish(),
	choice: choices.nullish(),
	grammar: source.nullish(),
	json_object: z.boolean().nullish(),
});

export const constraintFields = {
	response_format: responseFormat
		.nullish()
		.describe("What the output must look like, as in OpenAI's API."),
	structured_outputs: structuredOutputs
		.nullish()
		.describe("The same as in vLLM: exactly one of its fields."),
	guided_json: jsonSchema
		.nullish()
		.describe("The output is JSON that this schema allows."),
	guided_regex: source
		.nullish()
		.describe("The whole output matches this regular expression."),
	guided_choice: choices
		.nullish()
		.describe("The output is one of these texts."),
	guided_grammar: source
		.nullish()
		.describe(
			"The output follows this grammar in GBNF, from its rule 'root' on.",
		),
};

export type ConstraintFields = z.output<z.ZodObject<typeof constraintFields>>;
