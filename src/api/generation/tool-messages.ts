import type { ChatMessage } from "../../core/chat-message.ts";
import { GalleyError } from "../../core/errors.ts";

/** Every tool's answer must name a call that stands before it: templates would put a stray one anywhere. */
export function checkToolMessages(messages: readonly ChatMessage[]): void {
	const calls = new Set<string>();
	for (const [index, { toolCalls, toolCallId, role }] of messages.entries()) {
		for (const { id } of toolCalls ?? []) calls.add(id);
		if (role !== "tool" || calls.has(toolCallId ?? "")) continue;
		const message =
			calls.size === 0
				? `'messages[${index}]' answers a tool call, but no message before it has 'tool_calls': send the assistant's message with its calls too.`
				: `'messages[${index}].tool_call_id' is the id of no tool call before it: send the id as the assistant's message has it.`;
		throw new GalleyError("invalid_request", message, {
			param: `messages[${index}].tool_call_id`,
		});
	}
}
