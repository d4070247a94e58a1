import type { ChatClient, ChatTurn } from "../services/chat-client.ts";

const pointing =
	/\b(it|its|they|them|their|he|him|his|she|her|this|that|these|those|there|one|ones|same|former|latter|above)\b/i;
const opening = /^(and|but|so|also|then|why|how come|what about|how about)\b/i;
const shortQuestion = 4;

/** Whether a question leans on what was said before. */
export function leansOnHistory(question: string): boolean {
	const words = question.trim().split(/\s+/);
	return (
		words.length <= shortQuestion ||
		opening.test(question.trim()) ||
		pointing.test(question)
	);
}

/**
 * A question that can be searched by itself. Without a language model that can be trusted with it, the question before it
 * goes along: search engines forgive words too many, not words too few.
 */
export function joinedQuestion(
	question: string,
	history: readonly ChatTurn[],
): string {
	if (!leansOnHistory(question)) return question;
	const before = history.findLast(({ role }) => role === "user")?.content;
	return before === undefined ? question : `${before} ${question}`;
}

const turnsShown = 6;
const longestTurn = 500;

/** The language model rewrites it; what it answers is used only if it can be a question about the same. */
export async function rewrittenQuestion(
	question: string,
	history: readonly ChatTurn[],
	chat: ChatClient,
	instruction: string,
	signal: AbortSignal,
): Promise<string> {
	if (history.length === 0 || !leansOnHistory(question)) return question;
	const conversation = history
		.slice(-turnsShown)
		.map(({ role, content }) => `${role}: ${content.slice(0, longestTurn)}`)
		.join("\n");
	const answer = await chat.complete(
		[
			{ role: "system", content: instruction },
			{
				role: "user",
				content: `${conversation}\n\nLast question: ${question}`,
			},
		],
		{ maxTokens: 96, temperature: 0, signal },
	);
	const line =
		answer
			.trim()
			.split("\n")[0]
			?.replace(/^["']|["']$/g, "") ?? "";
	const isUsable = line.length >= 8 && line.length <= 400;
	return isUsable ? line : joinedQuestion(question, history);
}
