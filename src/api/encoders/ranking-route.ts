import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { resolveModel } from "../generation/resolve-model.ts";
import { sequenceOf } from "../generation/sequence-of.ts";
import { describeRoute } from "../route-schema.ts";
import { usage } from "./embedding-body.ts";
import type { RankingContext } from "./encoder-context.ts";
import { checkInputCount, truncations } from "./encoder-model.ts";
import { encode, toEncodingCall } from "./encoding-call.ts";
import { byRelevance } from "./relevance.ts";

const text = z.strictObject({ text: z.string() });
/** The real limit is the server's; this one keeps a body of millions from being looked at. */
const mostPassages = 100_000;

const body = z
	.strictObject({
		model: z.string().nullish(),
		query: text,
		passages: sequenceOf(text, { min: 1, max: mostPassages }),
		truncate: z
			.enum(["NONE", "END"])
			.nullish()
			.describe(
				"What happens to a passage that together with the query has more tokens than the model takes: an error (NONE, the default), or its end is cut off.",
			),
	})
	.meta({ title: "RankingRequest" });

export type RankingBody = z.output<typeof body>;

export const rankingSchema = describeRoute({
	id: "rank",
	summary: "Order passages by how well they answer a query (NIM)",
	tag: "Inference",
	body,
	answer: "The passages' places in the request, the most relevant first.",
	content: z
		.object({
			rankings: z.array(z.object({ index: z.int(), logit: z.number() })),
			usage,
		})
		.meta({ title: "RankingResponse" }),
});

export function ranking(context: RankingContext) {
	const { service, options } = context;
	return async (
		request: FastifyRequest<{ Body: RankingBody }>,
		reply: FastifyReply,
	) => {
		const { body: fields } = request;
		request.record.model = resolveModel(service, fields.model).id;
		checkInputCount(fields.passages.length, options.maxInputs, "passages");
		const call = toEncodingCall(request, reply);
		const { logits, promptTokens } = await encode(
			context,
			call,
			fields.passages.length,
			(field, index) =>
				index === null ? "query.text" : `${field}[${index}].text`,
			() =>
				service.rank({
					id: call.id,
					query: fields.query.text,
					passages: fields.passages.map((passage) => passage.text),
					truncation: truncations[fields.truncate ?? "NONE"],
					signal: call.signal,
				}),
		);
		return {
			rankings: byRelevance(logits).map((index) => ({
				index,
				logit: logits[index] as number,
			})),
			usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
		};
	};
}
