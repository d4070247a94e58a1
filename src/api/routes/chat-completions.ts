import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiContext } from "../api-context.ts";
import { collectAnswer, streamAnswer } from "../generation/answer.ts";
import { chatCompletion } from "../generation/answer-schemas.ts";
import { ChatAnswer } from "../generation/chat-answer.ts";
import { type ChatBody, chatBody } from "../generation/chat-body.ts";
import { planChat } from "../generation/chat-plan.ts";
import { ChatStream } from "../generation/chat-stream.ts";
import { toOrigin } from "../generation/request-origin.ts";
import {
	toTruncationHeader,
	toWireTruncation,
	truncationHeader,
} from "../generation/truncation.ts";
import { createObjectId } from "../request-id.ts";
import { describeRoute } from "../route-schema.ts";

export const chatCompletionsSchema = describeRoute({
	id: "createChatCompletion",
	summary: "Answer a conversation",
	tag: "Inference",
	body: chatBody,
	answer:
		"A chat completion, or with `stream` its chunks as server-sent events that end in `data: [DONE]`.",
	content: chatCompletion,
	isStream: true,
});

export function chatCompletions(context: ApiContext) {
	return async (
		request: FastifyRequest<{ Body: ChatBody }>,
		reply: FastifyReply,
	): Promise<unknown> => {
		const { body } = request;
		const plan = planChat(context, body, toOrigin(request));
		const { request: generation, truncation } = plan;
		if (truncation !== null)
			reply.header(truncationHeader, toTruncationHeader(truncation));
		request.record.model = generation.model;
		const identity = {
			id: createObjectId("chatcmpl"),
			created: Math.floor(Date.now() / 1000),
			model: generation.model,
			systemFingerprint: context.systemFingerprint,
		};
		const exchange = { context, request, reply };
		const shape = {
			choiceCount: generation.choices,
			createParser: plan.createParser,
			isLegacyCall: plan.isLegacyCall,
		};
		if (body.stream === true) {
			const includeUsage = body.stream_options?.include_usage === true;
			await streamAnswer(
				exchange,
				[generation],
				new ChatStream({ ...identity, ...shape, includeUsage }),
			);
			return reply;
		}
		const answer = new ChatAnswer({
			...shape,
			hasLogprobs: generation.logprobs !== null,
			promptLogprobs: generation.promptLogprobs,
		});
		const usage = await collectAnswer(exchange, [generation], answer);
		return {
			...answer.toBody(identity, usage),
			...(truncation === null
				? {}
				: { truncation: toWireTruncation(truncation) }),
		};
	};
}
