import type { Conversation, Message } from "galley/store";
import { z } from "zod";
import type { Application } from "../application.ts";
import * as answers from "./answer-schemas.ts";
import type {
	AnswerExtension,
	ConversationShape,
	MessageShape,
} from "./shapes.ts";
import { idParams, type Server } from "./zod-types.ts";

const newConversation = z.strictObject({
	title: z.string().trim().max(200).default(""),
});
const feedback = z.strictObject({
	rating: z.union([z.literal(1), z.literal(-1)]).nullable(),
	comment: z.string().max(4000).default(""),
});
const mostListed = 1000;

function toShape(conversation: Conversation): ConversationShape {
	return {
		id: conversation.id,
		title: conversation.title,
		createdAt: conversation.createdAt.toISOString(),
		updatedAt: conversation.updatedAt.toISOString(),
	};
}

function toMessage(message: Message): MessageShape {
	const {
		citations = [],
		stages = [],
		kind = null,
	} = message.details as Partial<AnswerExtension>;
	return {
		id: message.id,
		role: message.role,
		content: message.content,
		citations,
		stages,
		kind,
		rating: message.rating,
		comment: message.comment || null,
		createdAt: message.createdAt.toISOString(),
	};
}

export function addConversationRoutes(
	app: Server,
	{ base, metrics }: Application,
): void {
	const { conversations } = base;
	app.get(
		"/v1/conversations",
		{
			schema: {
				summary: "The caller's conversations, the latest first",
				answers: { 200: answers.conversations },
			},
		},
		async ({ principal }) => ({
			conversations: (await conversations.list(principal, mostListed)).map(
				toShape,
			),
		}),
	);
	app.post(
		"/v1/conversations",
		{
			schema: {
				summary: "Begin a conversation",
				body: newConversation,
				answers: { 201: answers.conversation },
			},
		},
		async ({ principal, body }, reply) =>
			reply
				.code(201)
				.send(toShape(await conversations.create(principal, body.title))),
	);
	app.get(
		"/v1/conversations/:id",
		{
			schema: {
				summary: "A conversation: its messages, their citations and ratings",
				params: idParams,
				answers: { 200: answers.wholeConversation },
			},
		},
		async ({ principal, params }) => {
			const [conversation, messages] = await Promise.all([
				conversations.get(principal, params.id),
				conversations.messages(principal, params.id),
			]);
			return { ...toShape(conversation), messages: messages.map(toMessage) };
		},
	);
	app.patch(
		"/v1/conversations/:id",
		{
			schema: {
				summary: "Rename a conversation",
				answers: { 200: answers.conversation },
				params: idParams,
				body: newConversation,
			},
		},
		async ({ principal, params, body }) =>
			toShape(await conversations.rename(principal, params.id, body.title)),
	);
	app.delete(
		"/v1/conversations/:id",
		{
			schema: {
				summary: "Delete a conversation",
				params: idParams,
				answers: { 204: null },
			},
		},
		async ({ principal, params }, reply) => {
			await conversations.remove(principal, params.id);
			return reply.code(204).send();
		},
	);
	app.put(
		"/v1/messages/:id/feedback",
		{
			schema: {
				summary: "Rate an answer; null takes the rating back",
				answers: { 204: null },
				params: idParams,
				body: feedback,
			},
		},
		async ({ principal, params, body }, reply) => {
			const { rating, comment } = body;
			await conversations.rate(principal, params.id, rating, comment);
			metrics.feedback.inc({ rating: rating === null ? "none" : `${rating}` });
			return reply.code(204).send();
		},
	);
}
