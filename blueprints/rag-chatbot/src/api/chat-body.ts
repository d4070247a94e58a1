import { z } from "zod";
import type { AnswerSettings } from "../answer/answer-question.ts";
import type { ChatTurn } from "../services/chat-client.ts";
import { ApiError } from "./api-error.ts";

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
	role: z.enum(["system", "developer", "user", "assistant", "tool"]),
	content: z.union([z.string(), z.array(part)]).nullish(),
});
const id = z.string().max(100);

export const settingsBody = z.strictObject({
	rewrite: z.enum(["model", "join", "off"]),
	search: z.enum(["hybrid", "vectors", "words"]),
	rerank: z.boolean(),
	answer: z.enum(["model", "extractive"]),
	found: z.number().int().min(1).max(200),
	used: z.number().int().min(1).max(50),
	passageTokens: z.number().int().min(50).max(1_000_000),
	answerTokens: z.number().int().min(1).max(100_000),
	temperature: z.number().min(0).max(2),
	wordWeight: z.number().min(0).max(20),
	leastRelevance: z.number().min(0).max(1),
	historyTurns: z.number().int().min(0).max(100),
}) satisfies z.ZodType<AnswerSettings>;

/** OpenAI's body. Fields that steer other models mean nothing here and are left alone, as chat programs send them habitually. */
export const chatBody = z.looseObject({
	model: z.string().max(5000).default("rag"),
	messages: z.array(message).min(1).max(1000),
	stream: z.boolean().nullish(),
	temperature: z.number().min(0).max(2).nullish(),
	max_tokens: z.number().int().min(1).nullish(),
	max_completion_tokens: z.number().int().min(1).nullish(),
	n: z.number().nullish(),
	tools: z.array(z.unknown()).nullish(),
	/** Instead of `rag:ID` in `model`. */
	collections: z.array(id).max(100).nullish(),
	settings: settingsBody.partial().nullish(),
	/** Its messages are the history then, and this question and its answer are added to it. */
	conversation: id.nullish(),
});
export type ChatBody = z.output<typeof chatBody>;

export interface ChatQuestion {
	question: string;
	/** Of the request, without its question. */
	history: ChatTurn[];
	/** Null: all that the caller may read. */
	collectionIds: string[] | null;
	settings: AnswerSettings;
}

const longestQuestion = 8000;

/** Throws ApiError. */
export function readQuestion(
	body: ChatBody,
	defaults: AnswerSettings,
): ChatQuestion {
	if ((body.n ?? 1) !== 1)
		throw new ApiError(
			"unsupported_parameter",
			"n: one answer at a time.",
			"n",
		);
	if ((body.tools ?? []).length > 0)
		throw new ApiError(
			"unsupported_parameter",
			"tools: this model answers from pages and calls nothing.",
			"tools",
		);
	const turns = body.messages.flatMap(({ role, content }): ChatTurn[] =>
		role === "user" || role === "assistant"
			? [{ role, content: textOf(content) }]
			: [],
	);
	const last = turns.at(-1);
	const question = last?.content.trim() ?? "";
	if (last?.role !== "user" || question === "")
		throw new ApiError(
			"invalid_request",
			"messages: the last one must be the user's question.",
			"messages",
		);
	if (question.length > longestQuestion)
		throw new ApiError(
			"invalid_request",
			`messages: a question has at most ${longestQuestion} characters; longer texts go into a collection.`,
			"messages",
		);
	const answerTokens = body.max_completion_tokens ?? body.max_tokens;
	const given = Object.entries(body.settings ?? {}).filter(
		([, value]) => value !== undefined,
	);
	return {
		question,
		history: turns.slice(0, -1),
		collectionIds: body.collections ?? collectionsOf(body.model),
		settings: {
			...defaults,
			...(body.temperature == null ? {} : { temperature: body.temperature }),
			...(answerTokens == null ? {} : { answerTokens }),
			...Object.fromEntries(given),
		},
	};
}

function collectionsOf(model: string): string[] | null {
	const [, ids] = /^rag(?::(.+))?$/.exec(model) ?? [undefined, ""];
	if (ids === "")
		throw new ApiError(
			"not_found",
			`There is no model ${model}: "rag" asks all collections, "rag:ID,ID" some.`,
			"model",
		);
	return ids?.split(",").map((id) => id.trim()) ?? null;
}

function textOf(content: z.output<typeof message>["content"]): string {
	if (content == null) return "";
	if (typeof content === "string") return content;
	return content.map(({ text = "" }) => text).join("\n");
}
