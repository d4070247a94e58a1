import type { GenerationRequest } from "../../core/generation-request.ts";
import type { LanguageService } from "../../core/language-service.ts";
import type { OutputParser } from "../../core/output-format.ts";
import type { GenerationSettings } from "./generation-settings.ts";
import { OneCall } from "./one-call.ts";
import type { ReasoningFields } from "./reasoning-fields.ts";
import { toToolConstraint, withFreeReasoning } from "./tool-constraint.ts";
import type { ToolUse } from "./tool-fields.ts";
import { WithoutReasoning } from "./without-reasoning.ts";

export interface OutputPlan
	extends Pick<GenerationRequest, "constraint" | "renderSpecialTokens"> {
	createParser(): OutputParser | null;
}

/** Characters at a prompt's end in which the beginning of reasoning is looked for. */
const promptEndLength = 100;

/** How the output is bound, shown and taken apart. */
export function planOutput(
	{ outputFormat }: LanguageService,
	fields: ReasoningFields,
	toolUse: ToolUse | null,
	promptText: string,
	settings: GenerationSettings,
): OutputPlan {
	const promptEnd = promptText.slice(-promptEndLength);
	const content = settings.constraint;
	const constraint =
		toolUse === null
			? withFreeReasoning(content, outputFormat, promptEnd)
			: toToolConstraint({
					use: toolUse,
					format: outputFormat,
					content,
					promptEnd,
					mayReason: true,
				});
	// Output that is bound from its first token on holds no reasoning: what looks like some is content.
	const separatesReasoning =
		toolUse !== null || constraint === null || constraint !== content;
	const toolNames =
		toolUse?.callable.map(({ tool }) => tool.function.name) ?? null;
	const createParser = (): OutputParser | null => {
		const parser = outputFormat.createParser({
			toolNames,
			isTextParameter: (name, parameter) =>
				isTextParameter(toolUse, name, parameter),
			promptEnd,
			separatesReasoning,
		});
		if (parser === null) return null;
		const limited =
			toolUse === null || toolUse.isParallel ? parser : new OneCall(parser);
		return fields.include_reasoning === false
			? new WithoutReasoning(limited)
			: limited;
	};
	const hasMarkers = createParser() !== null && !settings.renderSpecialTokens;
	return {
		constraint,
		renderSpecialTokens: hasMarkers ? "markers" : settings.renderSpecialTokens,
		createParser,
	};
}

function isTextParameter(
	toolUse: ToolUse | null,
	name: string,
	parameter: string,
): boolean {
	const declared = toolUse?.tools.find(
		({ tool }) => tool.function.name === name,
	);
	const properties = declared?.tool.function.parameters?.properties;
	if (typeof properties !== "object" || properties === null) return false;
	const schema = (properties as Record<string, unknown>)[parameter];
	return (
		typeof schema === "object" &&
		schema !== null &&
		(schema as { type?: unknown }).type === "string"
	);
}
