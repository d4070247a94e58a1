import type { ChatMessage, ChatTool } from "../../core/chat-message.ts";

/**
 * Keeps control tokens out of what users write. The whole rendered chat is tokenized with control tokens recognised,
 * because the template is made of them; a message that contains `<|im_end|>` would then end its own turn and could go on
 * as the system. So each control token's text inside a message is cut behind its first character by a mark, the template
 * is rendered, and the text is tokenized in pieces between the marks:
 *
 *     <|im_start|>user\n ... <‖|im_end|> ...<|im_end|>
 *     ------------------------|--------------------------
 *
 * No piece holds a control token that the template did not write. The mark survives templates that trim, join or quote
 * contents. Messages without such texts are tokenized exactly as without this guard.
 *
 * Noncharacters, which Unicode keeps for uses like this, make the mark. A user who writes one gains a cut in their own
 * text, nothing else.
 */
const cutMark = "\ufdd0\ufdef\ufdd1";

export function guardMessages(
	messages: readonly ChatMessage[],
	controlTexts: readonly string[],
): readonly ChatMessage[] {
	const pattern = toPattern(controlTexts);
	if (pattern === null) return messages;
	return messages.map((message) => {
		const { name, reasoningContent, toolCalls, toolCallId } = message;
		return {
			role: message.role,
			content: guardText(message.content, pattern),
			...(name === undefined ? {} : { name: guardText(name, pattern) }),
			...(reasoningContent === undefined
				? {}
				: { reasoningContent: guardText(reasoningContent, pattern) }),
			...(toolCallId === undefined
				? {}
				: { toolCallId: guardText(toolCallId, pattern) }),
			...(toolCalls === undefined
				? {}
				: {
						toolCalls: toolCalls.map((call) => ({
							id: guardText(call.id, pattern),
							type: call.type,
							function: {
								name: guardText(call.function.name, pattern),
								arguments: guardText(call.function.arguments, pattern),
							},
						})),
					}),
		};
	});
}

/** The same for what the client says of its tools, wherever it stands in them. */
export function guardTools(
	tools: readonly ChatTool[],
	controlTexts: readonly string[],
): readonly ChatTool[] {
	const pattern = toPattern(controlTexts);
	return pattern === null
		? tools
		: tools.map((tool) => guardValue(tool, pattern) as ChatTool);
}

function guardValue(value: unknown, pattern: RegExp): unknown {
	if (typeof value === "string") return guardText(value, pattern);
	if (Array.isArray(value)) return value.map((one) => guardValue(one, pattern));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, one]) => [
			guardText(key, pattern),
			guardValue(one, pattern),
		]),
	);
}

/** Null when there is nothing to look for. */
function toPattern(controlTexts: readonly string[]): RegExp | null {
	const texts = controlTexts.filter((text) => text.length > 1);
	if (texts.length === 0) return null;
	return new RegExp(texts.map(escapePattern).join("|"), "g");
}

/** The pieces to tokenize one by one. */
export function splitAtCuts(rendered: string): string[] {
	return rendered.split(cutMark);
}

function guardText(text: string, pattern: RegExp): string {
	pattern.lastIndex = 0;
	if (!pattern.test(text)) return text;
	let guarded = "";
	let copied = 0;
	pattern.lastIndex = 0;
	for (
		let match = pattern.exec(text);
		match !== null;
		match = pattern.exec(text)
	) {
		const cut = match.index + 1;
		guarded += text.slice(copied, cut) + cutMark;
		copied = cut;
		// Go on right behind the cut, not behind the match: texts may overlap.
		pattern.lastIndex = cut;
	}
	return guarded + text.slice(copied);
}

function escapePattern(text: string): string {
	return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
