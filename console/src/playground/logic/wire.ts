/** What goes over the wire, as far as the playground sends and reads it. */

export type ContentPart =
	| { type: "text"; text: string }
	| { type: "image_url"; image_url: { url: string } };

export interface WireToolCall {
	id: string;
	type: "function";
	function: { name: string; arguments: string };
}

export type WireMessage =
	| { role: "system"; content: string }
	| { role: "user"; content: string | ContentPart[] }
	| {
			role: "assistant";
			content: string | null;
			tool_calls?: WireToolCall[];
	  }
	| { role: "tool"; tool_call_id: string; content: string };

export interface Usage {
	promptTokens: number;
	completionTokens: number;
	cachedTokens: number;
	/** Null where nobody told them apart. */
	reasoningTokens: number | null;
}

export interface Candidate {
	token: string;
	/** Natural logarithm of the probability. */
	logprob: number;
}

export interface TokenLogprob extends Candidate {
	/** Null for the first token of a prompt: nothing came before it. */
	top: readonly Candidate[] | null;
	/** False where the server gave no probability. */
	isKnown: boolean;
}

/** A value of JSON that may be anything; readers below take what fits and leave the rest. */
export type Unknown = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): Unknown | null {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Unknown)
		: null;
}

export function asList(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | null {
	return typeof value === "string" ? value : null;
}

export function asCount(value: unknown): number {
	return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
