import { randomBytes } from "node:crypto";
import type { Usage } from "../../core/stream-event.ts";
import type { ChatTokenLogprob } from "../generation/chat-logprobs.ts";

/** OpenAI's Responses API as it goes over the wire: what is answered, stored, and sent back by clients. */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface OutputTextPart {
	type: "output_text";
	text: string;
	annotations: readonly never[];
	logprobs: ChatTokenLogprob[];
}

interface InputTextPart {
	type: "input_text";
	text: string;
}

interface RefusalPart {
	type: "refusal";
	refusal: string;
}

export interface InputMessageItem {
	id: string;
	type: "message";
	role: "system" | "developer" | "user" | "assistant";
	status: ItemStatus;
	content: (InputTextPart | OutputTextPart | RefusalPart)[];
}

/** An answer; as an input item it comes back as a message of the role `assistant`. */
export interface OutputMessageItem {
	id: string;
	type: "message";
	role: "assistant";
	status: ItemStatus;
	content: OutputTextPart[];
}

export interface FunctionCallItem {
	id: string;
	type: "function_call";
	status: ItemStatus;
	call_id: string;
	name: string;
	/** JSON text. */
	arguments: string;
}

export interface FunctionCallOutputItem {
	id: string;
	type: "function_call_output";
	status: ItemStatus;
	call_id: string;
	output: string;
}

export interface ReasoningItem {
	id: string;
	type: "reasoning";
	status: ItemStatus;
	summary: { type: "summary_text"; text: string }[];
	content: { type: "reasoning_text"; text: string }[];
	/** Always null: reasoning is given in the clear. */
	encrypted_content: null;
}

export type OutputItem = OutputMessageItem | FunctionCallItem | ReasoningItem;

export type InputItem =
	| InputMessageItem
	| FunctionCallItem
	| FunctionCallOutputItem
	| ReasoningItem;

export type ResponseStatus =
	| "queued"
	| "in_progress"
	| "completed"
	| "incomplete"
	| "failed"
	| "cancelled";

interface ResponseUsage {
	input_tokens: number;
	input_tokens_details: { cached_tokens: number };
	output_tokens: number;
	output_tokens_details: { reasoning_tokens: number };
	total_tokens: number;
}

/** What an answer repeats of its request. */
export interface ResponseEcho {
	instructions: string | null;
	max_output_tokens: number | null;
	max_tool_calls: number | null;
	metadata: Readonly<Record<string, string>>;
	parallel_tool_calls: boolean;
	previous_response_id: string | null;
	prompt_cache_key: string | null;
	reasoning: { effort: string | null; summary: string | null };
	safety_identifier: string | null;
	service_tier: "default";
	store: boolean;
	temperature: number;
	text: { format: unknown; verbosity: string };
	tool_choice: unknown;
	tools: readonly unknown[];
	top_logprobs: number;
	top_p: number;
	truncation: "auto" | "disabled";
	user: string | null;
}

export interface ResponseObject extends ResponseEcho {
	id: string;
	object: "response";
	/** Unix time in seconds. */
	created_at: number;
	completed_at: number | null;
	status: ResponseStatus;
	background: boolean;
	error: { code: string; message: string } | null;
	incomplete_details: { reason: "max_output_tokens" } | null;
	model: string;
	output: OutputItem[];
	usage: ResponseUsage | null;
	/** Ours: what `truncation: "auto"` left out of the prompt. */
	truncation_details?: {
		dropped_messages: number;
		dropped_tokens: number | null;
	};
}

/** Not to be guessed: whoever has no key of their own is told apart from others by nothing else. */
export function createResponseId(
	prefix: "resp" | "msg" | "fc" | "fco" | "rs" | "call",
): string {
	return `${prefix}_${randomBytes(24).toString("hex")}`;
}

export function toResponseUsage(
	usage: Usage,
	reasoningTokens: number,
): ResponseUsage {
	return {
		input_tokens: usage.promptTokens,
		input_tokens_details: { cached_tokens: usage.cachedTokens },
		output_tokens: usage.completionTokens,
		output_tokens_details: { reasoning_tokens: reasoningTokens },
		total_tokens: usage.promptTokens + usage.completionTokens,
	};
}

export function isFinished(status: ResponseStatus): boolean {
	return status !== "queued" && status !== "in_progress";
}
