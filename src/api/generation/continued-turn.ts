import type { ChatMessage } from "../../core/chat-message.ts";
import { GalleyError } from "../../core/errors.ts";

/**
 * Ends a prompt in the middle of the last message, as vLLM and transformers do with `continue_final_message`: a mark goes
 * behind the message's text, the template is rendered without a generation prompt, and the prompt is what stands before
 * the mark. Templates that trim texts leave what is before the mark alone.
 *
 * Noncharacters, which Unicode keeps for uses like this; other ones than those of control-text.ts.
 */
const endMark = "\ufdd2\ufdef\ufdd3";

export function markEnd(
	messages: readonly ChatMessage[],
): readonly ChatMessage[] {
	const last = messages.at(-1);
	if (last === undefined) return messages;
	if ((last.toolCalls ?? []).length > 0)
		throw cannotContinue(
			"the last message calls tools, and a call can't be gone on with",
		);
	return [
		...messages.slice(0, -1),
		{ ...last, content: last.content + endMark },
	];
}

export function cutBeforeEnd(rendered: string): string {
	const end = rendered.lastIndexOf(endMark);
	if (end >= 0) return rendered.slice(0, end);
	throw cannotContinue(
		"the model's chat template does not write the last message's text as it is",
	);
}

function cannotContinue(reason: string): GalleyError {
	return new GalleyError(
		"invalid_request",
		`'continue_final_message' is not possible here: ${reason}. End the conversation with a user's message.`,
		{ param: "continue_final_message" },
	);
}
