import type {
	ChatMessage,
	ChatTool,
	ChatToolCall,
} from "../core/chat-message.ts";

/** What a template expects where templates differ. */
export interface TemplateTraits {
	/** Message content as text, or as a list of parts. */
	content: "text" | "parts";
	/** A tool call's arguments as a mapping, or as the JSON text that OpenAI's API carries. */
	toolArguments: "mapping" | "text";
	/** What stands as content of an assistant message that has only tool calls. */
	emptyContent: "" | null;
	/** What `tools` is when there are none; transformers makes it none. */
	absentTools: null | readonly [];
	/** Whether it knows the role `developer`; others get it as `system`. */
	hasDeveloperRole: boolean;
}

/** Messages as templates know them: the shape of OpenAI's API with the differences that `traits` tells. */
export function toTemplateMessages(
	messages: readonly ChatMessage[],
	traits: TemplateTraits,
): Record<string, unknown>[] {
	const toolNames = new Map<string, string>();
	return messages.map((message) => {
		for (const call of message.toolCalls ?? [])
			toolNames.set(call.id, call.function.name);
		return toTemplateMessage(message, traits, toolNames);
	});
}

function toTemplateMessage(
	message: ChatMessage,
	traits: TemplateTraits,
	toolNames: ReadonlyMap<string, string>,
): Record<string, unknown> {
	const { role, content, toolCalls = [], toolCallId } = message;
	const isCallOnly = toolCalls.length > 0 && content === "";
	// A tool's answer names its call by id alone in OpenAI's API; many templates write the function's name.
	const name =
		message.name ??
		(toolCallId === undefined ? undefined : toolNames.get(toolCallId));
	return {
		role: role === "developer" && !traits.hasDeveloperRole ? "system" : role,
		content: isCallOnly
			? traits.emptyContent
			: toTemplateContent(content, traits),
		...(name === undefined ? {} : { name }),
		...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
		...(message.reasoningContent === undefined
			? {}
			: { reasoning_content: message.reasoningContent }),
		...(toolCalls.length === 0
			? {}
			: {
					tool_calls: toolCalls.map((call) => toTemplateToolCall(call, traits)),
				}),
	};
}

function toTemplateContent(content: string, traits: TemplateTraits): unknown {
	return traits.content === "text"
		? content
		: [{ type: "text", text: content }];
}

function toTemplateToolCall(
	{ id, type, function: { name, arguments: json } }: ChatToolCall,
	traits: TemplateTraits,
): Record<string, unknown> {
	const parsed = traits.toolArguments === "text" ? json : parseArguments(json);
	return { id, type, function: { name, arguments: parsed } };
}

/** A model may have written anything: what is no JSON object stays as it is. */
function parseArguments(json: string): unknown {
	try {
		const parsed: unknown = JSON.parse(json === "" ? "{}" : json);
		const isMapping =
			typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
		return isMapping ? parsed : json;
	} catch (error) {
		if (error instanceof SyntaxError) return json;
		throw error;
	}
}

/** Tools without the fields that were left out: templates print what is there. */
export function toTemplateTools(
	tools: readonly ChatTool[],
): Record<string, unknown>[] {
	return tools.map(({ type, function: { name, description, parameters } }) => ({
		type,
		function: {
			name,
			...(description === undefined ? {} : { description }),
			...(parameters === undefined ? {} : { parameters }),
		},
	}));
}
