import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { collectAnswer, streamAnswer } from "../generation/answer.ts";
import { ParsedChoice } from "../generation/parsed-choice.ts";
import { toOrigin } from "../generation/request-origin.ts";
import {
	toTruncationHeader,
	truncationHeader,
} from "../generation/truncation.ts";
import {
	type CountTokensBody,
	countTokensBody,
	type MessageBody,
	messageBody,
} from "../messages/message-body.ts";
import { planMessage } from "../messages/message-plan.ts";
import { messageError, messageSchema } from "../messages/message-schema.ts";
import { MessageStream } from "../messages/message-stream.ts";
import {
	type MessageShape,
	MessageWriter,
} from "../messages/message-writer.ts";
import { inOwnWords } from "../messages/own-words.ts";
import { createObjectId } from "../request-id.ts";
import { describeRoute } from "../route-schema.ts";

export const createMessageSchema = describeRoute({
	id: "createMessage",
	summary: "Answer a conversation, in Anthropic's form",
	tag: "Inference",
	body: messageBody,
	answer:
		"A message, or with `stream` its events from `message_start` to `message_stop`.",
	content: messageSchema,
	error: messageError,
	isStream: true,
});

export const countMessageTokensSchema = describeRoute({
	id: "countMessageTokens",
	summary: "Count the tokens of a conversation, in Anthropic's form",
	tag: "Tokens",
	body: countTokensBody,
	answer: "The count. Nothing is generated.",
	content: z.object({ input_tokens: z.int() }),
	error: messageError,
});

export function createMessage(context: ApiContext) {
	return async (
		request: FastifyRequest<{ Body: MessageBody }>,
		reply: FastifyReply,
	): Promise<unknown> => {
		const { body } = request;
		reply.header("request-id", request.id);
		const plan = planMessage(context, body, toOrigin(request));
		const { request: generation, truncation, isContextBound } = plan;
		request.record.model = generation.model;
		if (truncation !== null)
			reply.header(truncationHeader, toTruncationHeader(truncation));
		const { thinking } = body;
		const shape: MessageShape = {
			id: createObjectId("msg").replace("-", "_"),
			model: generation.model,
			isContextBound,
			showsThinking:
				thinking === null ||
				thinking === undefined ||
				thinking.type === "disabled" ||
				thinking.display !== "omitted",
			reader: new ParsedChoice(plan.createParser()),
		};
		const exchange = { context, request, reply };
		try {
			if (body.stream === true) {
				await streamAnswer(exchange, [generation], new MessageStream(shape));
				return reply;
			}
			const writer = new MessageWriter(shape, null);
			return writer.finish(await collectAnswer(exchange, [generation], writer));
		} catch (thrown) {
			// What is found late, as by the compiler of schemas, speaks of chat's fields.
			throw thrown instanceof GalleyError ? inOwnWords(thrown) : thrown;
		}
	};
}

export function countMessageTokens(context: ApiContext) {
	return async (
		request: FastifyRequest<{ Body: CountTokensBody }>,
		reply: FastifyReply,
	): Promise<{ input_tokens: number }> => {
		reply.header("request-id", request.id);
		const plan = planMessage(context, request.body, toOrigin(request));
		request.record.model = plan.request.model;
		return { input_tokens: plan.request.promptTokens.length };
	};
}
