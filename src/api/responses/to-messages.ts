import { GalleyError } from "../../core/errors.ts";
import type { ChatBody } from "../generation/chat-body.ts";
import { flattenContent } from "./input-items.ts";
import type { InputItem } from "./response-object.ts";

type Message = ChatBody["messages"][number];
type AssistantMessage = Extract<Message, { role: "assistant" }>;
type ToolCall = NonNullable<AssistantMessage["tool_calls"]>[number];

/** One turn of the assistant: items that chat's messages have in one. */
interface Turn {
	reasoning: string | null;
	text: string | null;
	calls: ToolCall[];
}

/**
 * Items as chat messages. Reasoning, an answer and calls that follow each other in this order are one turn of the
 * assistant, as the model wrote them:
 *
 *     reasoning  message(assistant)  call  call  |  output  output  |  message(user)
 */
export function toMessages(
	instructions: string | null,
	items: readonly InputItem[],
): Message[] {
	const messages: Message[] = [];
	if (instructions !== null)
		messages.push({ role: "system", content: instructions });
	const answeredCalls = new Set<string>();
	const calls = new Set<string>();
	let turn: Turn | null = null;
	const closeTurn = () => {
		if (turn !== null) messages.push(toAssistantMessage(turn));
		turn = null;
	};
	const openTurn = (): Turn => {
		turn ??= { reasoning: null, text: null, calls: [] };
		return turn;
	};
	for (const item of items) {
		switch (item.type) {
			case "reasoning": {
				const before = turn as Turn | null;
				if (
					before !== null &&
					(before.text !== null || before.calls.length > 0)
				)
					closeTurn();
				const open = openTurn();
				const parts = item.content.length > 0 ? item.content : item.summary;
				const text = flattenContent(parts);
				if (text !== "")
					open.reasoning =
						open.reasoning === null ? text : `${open.reasoning}\n${text}`;
				break;
			}
			case "message": {
				const text = flattenContent(item.content);
				if (item.role !== "assistant") {
					closeTurn();
					messages.push({ role: item.role, content: text });
					break;
				}
				const before = turn as Turn | null;
				if (
					before !== null &&
					(before.text !== null || before.calls.length > 0)
				)
					closeTurn();
				openTurn().text = text;
				break;
			}
			case "function_call":
				calls.add(item.call_id);
				openTurn().calls.push({
					id: item.call_id,
					type: "function",
					function: { name: item.name, arguments: item.arguments },
				});
				break;
			case "function_call_output":
				if (!calls.has(item.call_id)) throw noCall(item.call_id);
				answeredCalls.add(item.call_id);
				closeTurn();
				messages.push({
					role: "tool",
					content: item.output,
					tool_call_id: item.call_id,
				});
				break;
		}
	}
	closeTurn();
	for (const call of calls) if (!answeredCalls.has(call)) throw noOutput(call);
	return messages;
}

function toAssistantMessage({ reasoning, text, calls }: Turn): Message {
	return {
		role: "assistant",
		content: text ?? (calls.length > 0 ? null : ""),
		...(reasoning === null ? {} : { reasoning_content: reasoning }),
		...(calls.length === 0 ? {} : { tool_calls: calls }),
	};
}

function noCall(callId: string): GalleyError {
	return new GalleyError(
		"invalid_request",
		`No tool call found for function call output with call_id ${callId.slice(0, 100)}. Send the function_call item before it, or continue its response with 'previous_response_id'.`,
		{ param: "input" },
	);
}

function noOutput(callId: string): GalleyError {
	return new GalleyError(
		"invalid_request",
		`No tool output found for function call ${callId.slice(0, 100)}. Send a function_call_output item with this call_id.`,
		{ param: "input" },
	);
}
