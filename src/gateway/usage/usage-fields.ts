import type { TokenUsage } from "../policy/model-call.ts";

/** Counts as an answer tells them; null is what it hasn't told. */
export interface ToldUsage {
	promptTokens: number | null;
	cachedTokens: number | null;
	completionTokens: number | null;
}

/**
 * The `usage` of an answer, in the words of the known APIs:
 *
 *     OpenAI, and NIM   prompt_tokens, completion_tokens, prompt_tokens_details.cached_tokens
 *     Responses         input_tokens, output_tokens, input_tokens_details.cached_tokens
 *     Anthropic         input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, where
 *                       the first leaves the others out
 *
 * Null where nothing of this is there.
 */
export function readUsage(given: unknown): ToldUsage | null {
	const prompt =
		countIn(given, "prompt_tokens") ?? countIn(given, "input_tokens");
	const completion =
		countIn(given, "completion_tokens") ?? countIn(given, "output_tokens");
	if (prompt === null && completion === null) return null;
	const read = countIn(given, "cache_read_input_tokens");
	const created = countIn(given, "cache_creation_input_tokens");
	if (read !== null || created !== null)
		return {
			promptTokens:
				prompt === null ? null : prompt + (read ?? 0) + (created ?? 0),
			cachedTokens: read ?? 0,
			completionTokens: completion,
		};
	const details =
		fieldOf(given, "prompt_tokens_details") ??
		fieldOf(given, "input_tokens_details");
	return {
		promptTokens: prompt,
		cachedTokens: countIn(details, "cached_tokens"),
		completionTokens: completion,
	};
}

/** What was told later counts; what wasn't told again stays. */
export function mergeUsage(
	before: ToldUsage | null,
	later: ToldUsage,
): ToldUsage {
	return {
		promptTokens: later.promptTokens ?? before?.promptTokens ?? null,
		cachedTokens: later.cachedTokens ?? before?.cachedTokens ?? null,
		completionTokens:
			later.completionTokens ?? before?.completionTokens ?? null,
	};
}

/** An answer's usage: at its top, or in what an event of a stream carries. */
export function usageOf(value: unknown): ToldUsage | null {
	return (
		readUsage(fieldOf(value, "usage")) ??
		readUsage(fieldOf(fieldOf(value, "response"), "usage")) ??
		readUsage(fieldOf(fieldOf(value, "message"), "usage"))
	);
}

export function toTokenUsage(
	{ promptTokens, cachedTokens, completionTokens }: ToldUsage,
	isEstimated: boolean,
): TokenUsage {
	const prompt = promptTokens ?? 0;
	return {
		promptTokens: prompt,
		cachedTokens: Math.min(cachedTokens ?? 0, prompt),
		completionTokens: completionTokens ?? 0,
		isEstimated,
	};
}

export function fieldOf(value: unknown, name: string): unknown {
	return typeof value === "object" && value !== null
		? (value as Record<string, unknown>)[name]
		: undefined;
}

/** More than any answer has: a server that says so is wrong, and one figure would spoil a month's sum. */
const mostTokens = 1_000_000_000;

function countIn(value: unknown, name: string): number | null {
	const count = fieldOf(value, name);
	if (typeof count !== "number" || !Number.isInteger(count)) return null;
	return count >= 0 && count <= mostTokens ? count : null;
}
