import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type { ApiContext } from "../api-context.ts";
import { replayConversation } from "../responses/conversation.ts";
import type { ResponseDesk } from "../responses/response-desk.ts";
import type { InputItem } from "../responses/response-object.ts";
import { responseSchema } from "../responses/response-schema.ts";
import { followRun, replayFrames } from "../responses/stream-run.ts";
import { describeRoute } from "../route-schema.ts";

const flag = z
	.enum(["true", "false"])
	.transform((text) => text === "true")
	.optional();

/** The clients' names for lists in a query; what they ask to include isn't here. */
const includeFields = {
	include: z.unknown().optional(),
	"include[]": z.unknown().optional(),
};

const retrieveQuery = z.strictObject({
	stream: flag.describe("Events instead of the response."),
	starting_after: z
		.string()
		.regex(/^\d{1,9}$/, {
			message: "'starting_after' must be a sequence number.",
		})
		.optional()
		.describe("Only events after this sequence number."),
	include_obfuscation: flag,
	...includeFields,
});

const listQuery = z.strictObject({
	limit: z
		.string()
		.regex(/^([1-9]\d?|100)$/, { message: "'limit' must be from 1 to 100." })
		.optional()
		.describe("Default: 20."),
	order: z.enum(["asc", "desc"]).optional().describe("Default: desc."),
	after: z.string().optional().describe("Only items after the one of this id."),
	before: z.string().optional(),
	...includeFields,
});

type RetrieveQuery = z.output<typeof retrieveQuery>;
type ListQuery = z.output<typeof listQuery>;

interface ById {
	Params: { response_id: string };
}

export const retrieveResponseSchema = describeRoute({
	id: "retrieveResponse",
	summary: "A stored response",
	tag: "Inference",
	query: retrieveQuery,
	answer:
		"The response as it is now; with `stream`, of one made with `background`, its events.",
	content: responseSchema,
	isStream: true,
});

export const listInputItemsSchema = describeRoute({
	id: "listResponseInputItems",
	summary: "What a response was made from",
	tag: "Inference",
	query: listQuery,
	answer: "Items of the whole conversation before the response's own output.",
	content: z.object({
		object: z.literal("list"),
		data: z.array(z.looseObject({})),
		first_id: z.string().nullable(),
		last_id: z.string().nullable(),
		has_more: z.boolean(),
	}),
});

export const deleteResponseSchema = describeRoute({
	id: "deleteResponse",
	summary: "Delete a stored response",
	tag: "Inference",
	answer: "It can't be asked for or continued any more.",
	content: z.object({
		id: z.string(),
		object: z.literal("response"),
		deleted: z.literal(true),
	}),
});

export const cancelResponseSchema = describeRoute({
	id: "cancelResponse",
	summary: "Cancel a response that runs in the background",
	tag: "Inference",
	answer: "The response as it stands.",
	content: responseSchema,
});

export function retrieveResponse(context: ApiContext, desk: ResponseDesk) {
	return async (
		request: FastifyRequest<ById & { Querystring: RetrieveQuery }>,
		reply: FastifyReply,
	): Promise<unknown> => {
		const { keyIdentity: owner, params, query } = request;
		const { response, frames } = await desk.get(owner, params.response_id);
		request.record.model = response.model;
		if (query.stream !== true) {
			if (query.starting_after === undefined) return response;
			const message = "'starting_after' needs 'stream=true'.";
			throw new GalleyError("invalid_request", message, {
				param: "starting_after",
			});
		}
		if (frames === null) {
			const message =
				"Only responses made with 'background': true can be streamed again. Leave 'stream' out to get the whole response.";
			throw new GalleyError("invalid_request", message, { param: "stream" });
		}
		const from =
			query.starting_after === undefined ? 0 : Number(query.starting_after) + 1;
		const exchange = { context, request, reply };
		const run = desk.findRun(owner, params.response_id);
		if (run === null) await replayFrames(exchange, frames, from);
		else await followRun(exchange, run, from);
		return reply;
	};
}

export function listInputItems(desk: ResponseDesk) {
	return async ({
		keyIdentity: owner,
		params,
		query,
	}: FastifyRequest<ById & { Querystring: ListQuery }>) => {
		const { response, input } = await desk.get(owner, params.response_id);
		const earlier = await replayConversation(
			(id) => desk.find(owner, id),
			response.previous_response_id,
		);
		const items: InputItem[] = [...earlier, ...input];
		if (query.order !== "asc") items.reverse();
		const first =
			query.after === undefined ? 0 : placeOf(items, query.after, "after") + 1;
		const end =
			query.before === undefined
				? items.length
				: placeOf(items, query.before, "before");
		const limit = Number(query.limit ?? 20);
		const data = items.slice(first, Math.min(end, first + limit));
		return {
			object: "list",
			data,
			first_id: data.at(0)?.id ?? null,
			last_id: data.at(-1)?.id ?? null,
			has_more: first + data.length < end,
		};
	};
}

export function deleteResponse(desk: ResponseDesk) {
	return async ({ keyIdentity: owner, params }: FastifyRequest<ById>) => {
		await desk.delete(owner, params.response_id);
		return { id: params.response_id, object: "response", deleted: true };
	};
}

export function cancelResponse(desk: ResponseDesk) {
	return async ({ keyIdentity: owner, params }: FastifyRequest<ById>) => {
		const { response } = await desk.get(owner, params.response_id);
		if (!response.background) {
			const message =
				"Only responses made with 'background': true can be cancelled.";
			throw new GalleyError("invalid_request", message, {
				param: "response_id",
			});
		}
		await desk.findRun(owner, params.response_id)?.cancel();
		return response;
	};
}

function placeOf(
	items: readonly InputItem[],
	id: string,
	param: string,
): number {
	const place = items.findIndex((item) => item.id === id);
	if (place >= 0) return place;
	const message = `'${param}': the response has no input item '${id.slice(0, 100)}'.`;
	throw new GalleyError("invalid_request", message, { param });
}
