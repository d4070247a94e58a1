import type { ChatMessage, ChatTool } from "../core/chat-message.ts";

/**
 * Tools for models whose chat template knows none: described in the system message, calls and results written as texts of
 * the form that the description asks for (and that the `generic` parser reads).
 */
export function describeTools(
	messages: readonly ChatMessage[],
	tools: readonly ChatTool[],
): readonly ChatMessage[] {
	const texts = joinNeighbours(messages.map(toTextMessage));
	if (tools.length === 0) return texts;
	const [first, ...rest] = texts;
	const description = describe(tools);
	if (first?.role === "system" || first?.role === "developer")
		return [
			{ ...first, content: `${first.content}\n\n${description}` },
			...rest,
		];
	return [{ role: "system", content: description }, ...texts];
}

function describe(tools: readonly ChatTool[]): string {
	const lines = tools.map(({ function: { name, description, parameters } }) =>
		JSON.stringify({ name, description, parameters }),
	);
	return `You can call these functions:

${lines.join("\n")}

To call one, answer with a JSON object that has its name and arguments, between these tags:
<tool_call>
{"name": "the function's name", "arguments": {}}
</tool_call>
Call a function only when it helps; answer in words otherwise.`;
}

function toTextMessage(message: ChatMessage): ChatMessage {
	const { role, content, toolCalls = [] } = message;
	if (role === "tool")
		return {
			role: "user",
			content: `<tool_response>\n${content}\n</tool_response>`,
		};
	if (toolCalls.length === 0) return message;
	const calls = toolCalls.map(
		({ function: { name, arguments: json } }) =>
			`<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${json || "{}"}}\n</tool_call>`,
	);
	const { toolCalls: _calls, ...rest } = message;
	const parts = content === "" ? calls : [content, ...calls];
	return { ...rest, content: parts.join("\n") };
}

/** Many such templates insist that users and assistants take turns. */
function joinNeighbours(messages: readonly ChatMessage[]): ChatMessage[] {
	const joined: ChatMessage[] = [];
	for (const message of messages) {
		const last = joined.at(-1);
		if (last?.role === "user" && message.role === "user")
			joined[joined.length - 1] = {
				...last,
				content: `${last.content}\n${message.content}`,
			};
		else joined.push(message);
	}
	return joined;
}
