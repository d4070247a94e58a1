import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { OutputFormat } from "../../core/output-format.ts";

export const reasoningFields = {
	reasoning_effort: z
		.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
		.nullish()
		.describe(
			"For models that reason: given to the chat template as 'reasoning_effort'; 'none' also as 'enable_thinking': false.",
		),
	include_reasoning: z
		.boolean()
		.nullish()
		.describe("False leaves the reasoning out of the answer. Default: true."),
};

export type ReasoningFields = z.output<z.ZodObject<typeof reasoningFields>>;

/** What the chat template is told. What `chat_template_kwargs` says wins. */
export function toReasoningVariables(
	{ reasoning_effort: effort }: ReasoningFields,
	{ reasoningParser }: OutputFormat,
): Record<string, unknown> {
	if (effort === undefined || effort === null) return {};
	if (effort === "none") return { enable_thinking: false, thinking: false };
	if (reasoningParser !== "none")
		return { reasoning_effort: effort, enable_thinking: true };
	throw new GalleyError(
		"unsupported_parameter",
		"'reasoning_effort' is not supported: this model does not reason. Send 'none' or leave it out.",
		{ param: "reasoning_effort" },
	);
}
