import type { BodyFacts } from "./body-facts.ts";

/** English text in today's vocabularies: about so many bytes are a token. */
const bytesPerToken = 4;
/** An image of a usual size. */
const tokensPerAttachment = 1000;
/** Where a request doesn't say how long its answer may be, so much is set aside. */
const usualAnswerTokens = 512;

/** The paths that answer with text; others, such as embeddings, compute a prompt only. */
const answering = /^\/v1\/(chat\/completions|completions|responses|messages)$/;
const computing =
	/^\/v1\/(chat\/completions|completions|responses|messages|embeddings|ranking|rerank)$/;

/** Whether a call of this path takes tokens at all, so that they are estimated where an answer doesn't count them. */
export function takesTokens(path: string): boolean {
	return computing.test(path);
}

export function estimatePromptTokens({
	textBytes,
	attachments,
}: Pick<BodyFacts, "textBytes" | "attachments">): number {
	return (
		Math.max(1, Math.ceil(textBytes / bytesPerToken)) +
		attachments * tokensPerAttachment
	);
}

/** `isLimit`: the request says itself that it takes no more. */
export function estimateAnswerTokens(
	path: string,
	{ maxTokens, choices }: Pick<BodyFacts, "maxTokens" | "choices">,
): { tokens: number; isLimit: boolean } {
	if (!answering.test(path)) return { tokens: 0, isLimit: true };
	return {
		tokens: (maxTokens ?? usualAnswerTokens) * choices,
		isLimit: maxTokens !== null,
	};
}
