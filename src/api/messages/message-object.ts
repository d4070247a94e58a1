import type { FinishReason, Usage } from "../../core/stream-event.ts";

export type ContentBlock =
	| { type: "text"; text: string }
	| { type: "thinking"; thinking: string; signature: string }
	| { type: "tool_use"; id: string; name: string; input: unknown };

export type StopReason =
	| "end_turn"
	| "max_tokens"
	| "stop_sequence"
	| "tool_use"
	| "model_context_window_exceeded";

export interface MessageUsage {
	/** Of the prompt, those that were computed now: the cached ones are counted apart, as Anthropic does. */
	input_tokens: number;
	cache_creation_input_tokens: number;
	cache_read_input_tokens: number;
	output_tokens: number;
}

export interface MessageObject {
	id: string;
	type: "message";
	role: "assistant";
	model: string;
	content: ContentBlock[];
	stop_reason: StopReason | null;
	stop_sequence: string | null;
	usage: MessageUsage;
}

export function toMessageUsage({
	promptTokens,
	cachedTokens,
	completionTokens,
}: Usage): MessageUsage {
	return {
		input_tokens: promptTokens - cachedTokens,
		cache_creation_input_tokens: 0,
		cache_read_input_tokens: cachedTokens,
		output_tokens: completionTokens,
	};
}

/** Why a message ended, and the stop sequence where one ended it. */
export interface Stop {
	stop_reason: StopReason;
	stop_sequence: string | null;
}

export function toStop(end: {
	finishReason: FinishReason;
	stopReason: string | number | null;
	hasToolUse: boolean;
	isContextBound: boolean;
}): Stop {
	const { finishReason, stopReason, hasToolUse, isContextBound } = end;
	if (finishReason === "length")
		return {
			stop_reason: isContextBound
				? "model_context_window_exceeded"
				: "max_tokens",
			stop_sequence: null,
		};
	if (hasToolUse) return { stop_reason: "tool_use", stop_sequence: null };
	if (typeof stopReason === "string")
		return { stop_reason: "stop_sequence", stop_sequence: stopReason };
	return { stop_reason: "end_turn", stop_sequence: null };
}
