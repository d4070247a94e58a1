import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { ParsedChoice } from "../generation/parsed-choice.ts";
import { toOrigin } from "../generation/request-origin.ts";
import {
	toTruncationHeader,
	truncationHeader,
} from "../generation/truncation.ts";
import { replayConversation } from "../responses/conversation.ts";
import { createResponse, toSummary } from "../responses/create-response.ts";
import { readInput } from "../responses/input-items.ts";
import {
	type InputTokensBody,
	inputTokensBody,
	type ResponseBody,
	responseBody,
} from "../responses/response-body.ts";
import type { ResponseDesk } from "../responses/response-desk.ts";
import { planResponse } from "../responses/response-plan.ts";
import { ResponseRun } from "../responses/response-run.ts";
import { responseSchema } from "../responses/response-schema.ts";
import { collectRun, followRun, streamRun } from "../responses/stream-run.ts";
import { describeRoute } from "../route-schema.ts";

export const createResponseSchema = describeRoute({
	id: "createResponse",
	summary: "Answer with a response that can be continued",
	tag: "Inference",
	body: responseBody,
	answer:
		"A response, or with `stream` its events; with `background` a response that is still to come.",
	content: responseSchema,
	isStream: true,
});

export const countInputTokensSchema = describeRoute({
	id: "countResponseInputTokens",
	summary: "Count the tokens of a response's input",
	tag: "Tokens",
	body: inputTokensBody,
	answer: "The count. Nothing is generated.",
	content: z.object({
		object: z.literal("response.input_tokens"),
		input_tokens: z.int(),
	}),
});

export function postResponse(context: ApiContext, desk: ResponseDesk) {
	return async (
		request: FastifyRequest<{ Body: ResponseBody }>,
		reply: FastifyReply,
	): Promise<unknown> => {
		const { body, keyIdentity: owner } = request;
		checkFields(body);
		const input = await readInput(body.input, (id) => desk.findItem(owner, id));
		const earlier = await replayConversation(
			(id) => desk.find(owner, id),
			body.previous_response_id ?? null,
		);
		const plan = planResponse(
			context,
			body,
			[...earlier, ...input],
			toOrigin(request),
		);
		request.record.model = plan.request.model;
		if (plan.truncation !== null)
			reply.header(truncationHeader, toTruncationHeader(plan.truncation));
		const isDetached = body.background === true;
		const run = new ResponseRun({
			service: context.service,
			request: plan.request,
			response: createResponse(body, plan, Math.floor(Date.now() / 1000)),
			isDetached,
			summarizes: toSummary(body) !== null,
			reader: new ParsedChoice(plan.createParser()),
			save:
				body.store === false
					? null
					: (response, frames) => desk.keep({ owner, response, input, frames }),
			onPromptTokens: (count) => {
				request.record.promptTokens += count;
			},
			onCompletionTokens: (count) => {
				request.record.completionTokens += count;
			},
		});
		const exchange = { context, request, reply };
		if (isDetached) {
			desk.addRunning(owner, input, run);
			run.start();
			if (body.stream !== true) return run.response;
			await followRun(exchange, run, 0);
			return reply;
		}
		if (body.stream !== true) return collectRun(exchange, run);
		await streamRun(exchange, run);
		return reply;
	};
}

export function countInputTokens(context: ApiContext, desk: ResponseDesk) {
	return async (request: FastifyRequest<{ Body: InputTokensBody }>) => {
		const { body, keyIdentity: owner } = request;
		const earlier = await replayConversation(
			(id) => desk.find(owner, id),
			body.previous_response_id ?? null,
		);
		const input = await readInput(body.input, (id) => desk.findItem(owner, id));
		const items = [...earlier, ...input];
		const plan = planResponse(context, body, items, toOrigin(request), {
			isOnlyCounted: true,
		});
		request.record.model = plan.request.model;
		return {
			object: "response.input_tokens",
			input_tokens: plan.request.promptTokens.length,
		};
	};
}

function checkFields(body: ResponseBody): void {
	if (body.background === true && body.store === false)
		throw new GalleyError(
			"invalid_request",
			"'background' needs the response to be stored: leave 'store' out.",
			{ param: "store" },
		);
	if (
		body.stream !== true &&
		body.stream_options !== undefined &&
		body.stream_options !== null
	)
		throw new GalleyError(
			"invalid_request",
			"'stream_options' needs 'stream': true. Leave it out or stream.",
			{ param: "stream_options" },
		);
}
