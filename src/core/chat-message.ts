export type ChatRole = "system" | "developer" | "user" | "assistant" | "tool";

export interface ChatToolCall {
	id: string;
	type: "function";
	/** `arguments` is JSON text, as in OpenAI's API. */
	function: { name: string; arguments: string };
}

/** A message after the API surface flattened its text parts. */
export interface ChatMessage {
	role: ChatRole;
	content: string;
	name?: string | undefined;
	toolCalls?: readonly ChatToolCall[] | undefined;
	toolCallId?: string | undefined;
	reasoningContent?: string | undefined;
}

/** A function the model may call; `parameters` is a JSON Schema. */
export interface ChatTool {
	type: "function";
	function: {
		name: string;
		description?: string | undefined;
		parameters?: Record<string, unknown> | undefined;
	};
}
