import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiContext } from "../api-context.ts";
import { collectAnswer, streamAnswer } from "../generation/answer.ts";
import { textCompletion } from "../generation/answer-schemas.ts";
import { CompletionAnswer } from "../generation/completion-answer.ts";
import {
	type CompletionBody,
	completionBody,
} from "../generation/completion-body.ts";
import { CompletionPieces } from "../generation/completion-pieces.ts";
import { planCompletion } from "../generation/completion-plan.ts";
import { CompletionStream } from "../generation/completion-stream.ts";
import { toOrigin } from "../generation/request-origin.ts";
import { createObjectId } from "../request-id.ts";
import { describeRoute } from "../route-schema.ts";

export const completionsSchema = describeRoute({
	id: "createCompletion",
	summary: "Continue texts",
	tag: "Inference",
	body: completionBody,
	answer:
		"A text completion, or with `stream` its chunks as server-sent events that end in `data: [DONE]`.",
	content: textCompletion,
	isStream: true,
});

export function completions(context: ApiContext) {
	return async (
		request: FastifyRequest<{ Body: CompletionBody }>,
		reply: FastifyReply,
	): Promise<unknown> => {
		const { body } = request;
		const plan = planCompletion(context, body, toOrigin(request));
		request.record.model = plan.model;
		const identity = {
			id: createObjectId("cmpl"),
			created: Math.floor(Date.now() / 1000),
			model: plan.model,
			systemFingerprint: context.systemFingerprint,
		};
		const exchange = { context, request, reply };
		const pieces = new CompletionPieces(context.service, plan);
		if (body.stream === true) {
			const { choiceCount } = pieces;
			const includeUsage = body.stream_options?.include_usage === true;
			const format = new CompletionStream(
				{ ...identity, choiceCount, includeUsage },
				pieces,
			);
			await streamAnswer(exchange, plan.requests, format);
			return reply;
		}
		const answer = new CompletionAnswer(pieces, plan.promptLogprobs);
		const usage = await collectAnswer(exchange, plan.requests, answer);
		return answer.toBody(identity, usage);
	};
}
