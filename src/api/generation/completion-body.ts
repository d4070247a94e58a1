import { z } from "zod";
import {
	sharedPolicyFields,
	structuredFields,
	templateFields,
} from "./chat-body.ts";
import { policyFields } from "./field-policy.ts";
import { extensionFields, openAiFields } from "./generation-fields.ts";
import { isTokenId, tokenIdMessage } from "./sequence-of.ts";

export type WirePrompt =
	| string
	| readonly string[]
	| readonly number[]
	| readonly (readonly number[])[];

const tokenIds = {
	type: "array",
	items: { type: "integer", minimum: 0 },
} as const;

/** By a plain loop up to the first fault: a union of arrays would check every item for every alternative. */
const prompt = z
	.custom<WirePrompt>()
	.superRefine((value: unknown, context) => {
		const fault = promptFault(value);
		if (fault !== null)
			context.addIssue({
				code: "custom",
				path: [...fault.path],
				message: fault.message,
			});
	})
	.meta({
		description: "A text, token ids, or an array of either.",
		anyOf: [
			{ type: "string" },
			{ type: "array", items: { type: "string" } },
			tokenIds,
			{ type: "array", items: tokenIds },
		],
	});

interface PromptFault {
	path: readonly number[];
	message: string;
}

const promptForms =
	"a string, an array of strings, an array of token ids, or an array of such arrays";

function promptFault(value: unknown): PromptFault | null {
	if (typeof value === "string") return null;
	if (value === undefined)
		return { path: [], message: `'prompt' is required: send ${promptForms}.` };
	if (!Array.isArray(value))
		return { path: [], message: `'prompt' must be ${promptForms}.` };
	if (value.length === 0)
		return { path: [], message: "'prompt' must not be an empty array." };
	if (typeof value[0] === "number") return idsFault(value, []);
	const kind = typeof value[0] === "string" ? "string" : "array";
	for (const [index, entry] of value.entries()) {
		if (kind === "string" && typeof entry === "string") continue;
		if (kind === "string" || !Array.isArray(entry)) {
			return {
				path: [index],
				message: `'prompt[${index}]' does not fit: 'prompt' must be ${promptForms}.`,
			};
		}
		if (entry.length === 0)
			return {
				path: [index],
				message: `'prompt[${index}]' must not be an empty array.`,
			};
		const fault = idsFault(entry, [index]);
		if (fault !== null) return fault;
	}
	return null;
}

function idsFault(
	entries: readonly unknown[],
	path: readonly number[],
): PromptFault | null {
	const wrong = entries.findIndex((entry) => !isTokenId(entry));
	return wrong < 0 ? null : { path: [...path, wrong], message: tokenIdMessage };
}

const { add_special_tokens } = templateFields;

export const completionBody = z
	.strictObject({
		prompt,
		...openAiFields,
		max_tokens: z
			.int()
			.min(0)
			.nullish()
			.describe("Default: 16, as in OpenAI's API. 0 only with 'echo'."),
		suffix: z
			.string()
			.nullish()
			.describe(
				"Text behind the completion: what is between 'prompt' and it is filled in, by models that were trained for it.",
			),
		echo: z
			.boolean()
			.nullish()
			.describe("Put the prompt before the completion."),
		logprobs: z.int().min(0).max(20).nullish(),
		best_of: z
			.int()
			.min(1)
			.nullish()
			.describe(
				"Choices to generate for each prompt; the 'n' likeliest by the mean over their tokens are answered, and usage counts all. Above 'n' not in streams. Default: 'n'.",
			),
		...extensionFields,
		add_special_tokens: add_special_tokens.describe(
			"Put the model's begin token before a text prompt. Default: true.",
		),
		nvext: z
			.strictObject({ ...extensionFields, ...structuredFields })
			.nullish(),
		...sharedPolicyFields,
		...policyFields([]),
	})
	.meta({ title: "CompletionRequest" });

export type CompletionBody = z.output<typeof completionBody>;
