import { GalleyError } from "../../core/errors.ts";
import type { ChatBody } from "../generation/chat-body.ts";
import type {
	TextBlocks,
	ToolResultBlock,
	WireMessage,
} from "./message-blocks.ts";

type ChatMessage = ChatBody["messages"][number];
type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;

/**
 * Anthropic's conversation in chat's words. One message may become several, and several one:
 *
 *     user [tool_result, tool_result, text]  ->  tool, tool, user
 *     user, user                             ->  user
 *     assistant [thinking, text, tool_use]   ->  assistant with reasoning_content and tool_calls
 */
export function toChatMessages(
	system: TextBlocks | null,
	messages: readonly WireMessage[],
): ChatMessage[] {
	const chat: ChatMessage[] = [];
	const instructions = system === null ? "" : joinTexts(system, "\n");
	if (instructions !== "") chat.push({ role: "system", content: instructions });
	const openCalls = new Set<string>();
	for (const [index, message] of messages.entries()) {
		if (message.role === "user") addUser(chat, message, index, openCalls);
		else if (message.role === "assistant")
			addAssistant(chat, message, openCalls);
		else
			chat.push({
				role: "system",
				content: joinTexts(message.content, "\n"),
			});
	}
	return chat;
}

function addUser(
	chat: ChatMessage[],
	{ content }: Extract<WireMessage, { role: "user" }>,
	index: number,
	openCalls: Set<string>,
): void {
	if (typeof content === "string") {
		addUserText(chat, content);
		return;
	}
	for (const [place, block] of content.entries()) {
		if (block.type === "text") addUserText(chat, (block as Text).text);
		if (block.type !== "tool_result") continue;
		const result = block as ToolResultBlock;
		if (!openCalls.delete(result.tool_use_id)) {
			const param = `messages[${index}].content[${place}].tool_use_id`;
			const message = `'${param}' answers no tool_use of an assistant's message before it: send the assistant's message as it came.`;
			throw new GalleyError("invalid_request", message, { param });
		}
		chat.push({
			role: "tool",
			tool_call_id: result.tool_use_id,
			content: toResultText(result),
		});
	}
}

interface Text {
	text: string;
}

function addUserText(chat: ChatMessage[], text: string): void {
	const last = chat.at(-1);
	if (last?.role === "user") last.content = `${last.content}\n${text}`;
	else chat.push({ role: "user", content: text });
}

/** Templates have no mark for failures, so the text says it. */
function toResultText({ content, is_error: isError }: ToolResultBlock): string {
	const text = joinTexts((content ?? "") as TextBlocks, "\n");
	return isError === true && !/^\s*error/i.test(text) ? `Error: ${text}` : text;
}

function addAssistant(
	chat: ChatMessage[],
	{ content }: Extract<WireMessage, { role: "assistant" }>,
	openCalls: Set<string>,
): void {
	const last = chat.at(-1);
	const turn: AssistantMessage =
		last?.role === "assistant" ? last : { role: "assistant", content: "" };
	if (turn !== last) chat.push(turn);
	if (typeof content === "string") {
		turn.content = `${turn.content}${content}`;
		return;
	}
	for (const block of content) {
		// Only who made it can read redacted thinking.
		if (block.type === "text")
			turn.content = `${turn.content}${(block as Text).text}`;
		else if (block.type === "thinking" && "thinking" in block)
			turn.reasoning_content = `${turn.reasoning_content ?? ""}${block.thinking}`;
		else if (block.type === "tool_use" && "input" in block) {
			const { id, name, input } = block as {
				id: string;
				name: string;
				input: Record<string, unknown>;
			};
			openCalls.add(id);
			turn.tool_calls = [
				...(turn.tool_calls ?? []),
				{
					id,
					type: "function",
					function: { name, arguments: JSON.stringify(input) },
				},
			];
		}
	}
}

function joinTexts(content: TextBlocks, separator: string): string {
	if (typeof content === "string") return content;
	return content.map(({ text }) => text).join(separator);
}
