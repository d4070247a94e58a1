import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { resolveModel } from "../generation/resolve-model.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import { createObjectId } from "../request-id.ts";
import { describeRoute } from "../route-schema.ts";
import { usage } from "./embedding-body.ts";
import type { RankingContext } from "./encoder-context.ts";
import { checkInputCount, truncations } from "./encoder-model.ts";
import { encode, toEncodingCall } from "./encoding-call.ts";
import { byRelevance, toRelevanceScore } from "./relevance.ts";

const mostDocuments = 100_000;

const body = z
	.strictObject({
		model: z.string().nullish(),
		query: z.string(),
		documents: sequenceOf(
			z.union([z.string(), z.record(z.string(), z.unknown())]),
			{ min: 1, max: mostDocuments },
		).describe("Texts, or objects with the fields named by 'rank_fields'."),
		top_n: z
			.int()
			.min(1)
			.nullish()
			.describe("How many of the most relevant to answer; default: all."),
		return_documents: z
			.boolean()
			.nullish()
			.describe("Answer with the documents too; default: false, as Cohere's."),
		rank_fields: z
			.array(z.string())
			.min(1)
			.max(64)
			.nullish()
			.describe(
				"Fields of documents that are objects, in the order in which the model reads them; default: text.",
			),
		truncate: z
			.enum(["NONE", "END"])
			.nullish()
			.describe(
				"Default: END, the end of a document that is too long is cut off.",
			),
		truncation: z
			.boolean()
			.nullish()
			.describe("Jina's name: false is 'truncate': 'NONE'."),
		max_chunks_per_doc: z
			.unknown()
			.refine((value) => value === null || value === 1 || value === undefined, {
				message:
					"'max_chunks_per_doc' may only be 1: a document is read once, up to what the model takes. Cut long documents into chunks and send those.",
				params: { code: "unsupported_parameter" },
			})
			.optional(),
		max_tokens_per_doc: z
			.int()
			.min(1)
			.nullish()
			.describe("Has to be at least what the model takes."),
	})
	.meta({ title: "RerankRequest" });

export type RerankBody = z.output<typeof body>;

const result = z.object({
	index: z.int(),
	relevance_score: z
		.number()
		.describe("0 to 1: the logistic function of the logit."),
	document: z.looseObject({}).optional(),
});

export const rerankSchema = describeRoute({
	id: "rerank",
	summary: "Order documents by how well they answer a query (Cohere, Jina)",
	tag: "Inference",
	body,
	answer: "The documents' places in the request, the most relevant first.",
	content: z
		.object({
			id: z.string(),
			model: z.string(),
			results: z.array(result),
			usage,
			meta: z.looseObject({}),
		})
		.meta({ title: "RerankResponse" }),
});

/** `/v2/rerank` is the same as `/v1/rerank`: Cohere's versions differ in what may be left out. */
export const rerankV2Schema = { ...rerankSchema, operationId: "rerankV2" };

export function rerank(context: RankingContext, apiVersion: "1" | "2") {
	const { service, options } = context;
	return async (
		request: FastifyRequest<{ Body: RerankBody }>,
		reply: FastifyReply,
	) => {
		const { body: fields } = request;
		const model = resolveModel(service, fields.model);
		request.record.model = model.id;
		const { documents } = fields;
		checkInputCount(documents.length, options.maxInputs, "documents");
		checkTokensPerDocument(fields, service.facts.maxInputTokens);
		const passages = documents.map((document, index) =>
			toPassage(document, fields.rank_fields ?? ["text"], index),
		);
		const call = toEncodingCall(request, reply);
		const { logits, promptTokens } = await encode(
			context,
			call,
			passages.length,
			(_field, index) => (index === null ? "query" : `documents[${index}]`),
			() =>
				service.rank({
					id: call.id,
					query: fields.query,
					passages,
					truncation: truncations[toTruncate(fields)],
					signal: call.signal,
				}),
		);
		const best = byRelevance(logits).slice(0, fields.top_n ?? logits.length);
		return {
			id: createObjectId("rerank"),
			model: model.id,
			results: best.map((index) => ({
				index,
				relevance_score: toRelevanceScore(logits[index] as number),
				...(fields.return_documents === true
					? { document: shown(documents[index]) }
					: {}),
			})),
			usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
			meta: {
				api_version: { version: apiVersion },
				billed_units: { search_units: 1 },
			},
		};
	};
}

function shown(document: RerankBody["documents"][number] | undefined) {
	return typeof document === "string" ? { text: document } : document;
}

/** Several fields are named to the model, each on its line; one alone is just its text. */
function toPassage(
	document: RerankBody["documents"][number],
	fields: readonly string[],
	index: number,
): string {
	if (typeof document === "string") return document;
	const found = fields.flatMap((field) => {
		const value = Object.hasOwn(document, field) ? document[field] : undefined;
		return typeof value === "string" || typeof value === "number"
			? [{ field, text: String(value) }]
			: [];
	});
	const [first] = found;
	if (first === undefined) {
		const param = `documents[${index}]`;
		const names = fields.map((field) => `'${field}'`).join(", ");
		const message = `'${param}' has no text in ${names}. Send a string, an object with 'text', or the right names in 'rank_fields'.`;
		throw new GalleyError("invalid_request", message, { param });
	}
	if (fields.length === 1) return first.text;
	return found.map(({ field, text }) => `${field}: ${text}`).join("\n");
}

function toTruncate({ truncate, truncation }: RerankBody): "NONE" | "END" {
	return truncate ?? (truncation === false ? "NONE" : "END");
}

function checkTokensPerDocument(
	{ max_tokens_per_doc: asked }: RerankBody,
	maxInputTokens: number,
): void {
	if (asked === undefined || asked === null || asked >= maxInputTokens) return;
	const message = `'max_tokens_per_doc' has to be at least ${maxInputTokens}, what the model takes, but is ${asked}. Cut the documents before sending them.`;
	throw new GalleyError("unsupported_parameter", message, {
		param: "max_tokens_per_doc",
	});
}
