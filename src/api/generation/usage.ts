import type { Usage } from "../../core/stream-event.ts";

export interface WireUsage {
	prompt_tokens: number;
	completion_tokens: number;
	total_tokens: number;
	prompt_tokens_details: { cached_tokens: number };
	completion_tokens_details?: { reasoning_tokens: number };
}

export const noUsage: Usage = Object.freeze({
	promptTokens: 0,
	cachedTokens: 0,
	completionTokens: 0,
});

export function addUsage(left: Usage, right: Usage): Usage {
	return {
		promptTokens: left.promptTokens + right.promptTokens,
		cachedTokens: left.cachedTokens + right.cachedTokens,
		completionTokens: left.completionTokens + right.completionTokens,
	};
}

/** `reasoningTokens`: of the completion's; null where nobody told them apart. */
export function toWireUsage(
	{ promptTokens, cachedTokens, completionTokens }: Usage,
	reasoningTokens: number | null = null,
): WireUsage {
	return {
		prompt_tokens: promptTokens,
		completion_tokens: completionTokens,
		total_tokens: promptTokens + completionTokens,
		prompt_tokens_details: { cached_tokens: cachedTokens },
		...(reasoningTokens === null
			? {}
			: { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
	};
}
