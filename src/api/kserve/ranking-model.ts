import { GalleyError } from "../../core/errors.ts";
import type { RankingContext } from "../encoders/encoder-context.ts";
import { checkInputCount, truncations } from "../encoders/encoder-model.ts";
import { encode } from "../encoders/encoding-call.ts";
import { byRelevance } from "../encoders/relevance.ts";
import { toTokenCounts } from "./embedding-model.ts";
import {
	checkParameters,
	type InferenceModel,
	requireInput,
	wordParameter,
} from "./inference-model.ts";

/**
 * `query` and `passage` in; `index`, `logit` and `token_count` out: the names of NIM's reranking models. Indices and
 * logits begin with the most relevant passage; token counts are in the order of the request.
 */
export function createRankingModel(context: RankingContext): InferenceModel {
	const { service, options } = context;
	return {
		inputs: [
			{ name: "query", datatype: "BYTES", shape: [-1, 1] },
			{ name: "passage", datatype: "BYTES", shape: [-1, 1] },
		],
		outputs: [
			{ name: "index", datatype: "INT32", shape: [-1, 1] },
			{ name: "logit", datatype: "FP32", shape: [-1, 1] },
			{ name: "token_count", datatype: "INT32", shape: [-1] },
		],
		aliases: [],
		async infer({ inputs, parameters }, call) {
			checkParameters(parameters, ["truncate"]);
			const query = requireInput(inputs, "query");
			const passage = requireInput(inputs, "passage");
			const passages = passage.tensor.texts;
			if (passages.length === 0)
				throw new GalleyError(
					"invalid_request",
					`'${passage.place}' is empty: send at least one passage.`,
					{ param: passage.place },
				);
			checkInputCount(passages.length, options.maxInputs, passage.place);
			const text = oneQuery(query.tensor.texts, query.place);
			const truncate = wordParameter(parameters, "truncate", ["NONE", "END"]);
			const { logits, inputTokens } = await encode(
				context,
				call,
				passages.length,
				(_field, index) =>
					index === null
						? `${query.place}.data[0]`
						: `${passage.place}.data[${index}]`,
				() =>
					service.rank({
						id: call.id,
						query: text,
						passages,
						truncation: truncations[truncate ?? "NONE"],
						signal: call.signal,
					}),
			);
			const order = byRelevance(logits);
			const shape = [order.length, 1];
			return [
				{
					name: "index",
					datatype: "INT32",
					shape,
					data: Int32Array.from(order),
				},
				{
					name: "logit",
					datatype: "FP32",
					shape,
					data: Float32Array.from(order, (index) => logits[index] as number),
				},
				toTokenCounts(
					inputTokens ??
						passages.map((one) => service.tokenize(`${text} ${one}`).length),
				),
			];
		},
	};
}

/** Clients that think in batches repeat the query for each passage. */
function oneQuery(queries: readonly string[], place: string): string {
	const [first] = queries;
	if (first === undefined || queries.some((query) => query !== first)) {
		const message = `'${place}' must hold one query, alone or repeated for each passage. Send other queries in requests of their own.`;
		throw new GalleyError("invalid_request", message, { param: place });
	}
	return first;
}
