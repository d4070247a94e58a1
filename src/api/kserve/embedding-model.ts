import { GalleyError } from "../../core/errors.ts";
import {
	type EmbeddingType,
	type EncodedVector,
	embeddingTypes,
	vectorEncodings,
} from "../encoders/embedding-encoding.ts";
import { checkDimensions } from "../encoders/embeddings-route.ts";
import type { EmbeddingContext } from "../encoders/encoder-context.ts";
import {
	checkInputCount,
	resolveEmbeddingModel,
	truncations,
} from "../encoders/encoder-model.ts";
import { encode } from "../encoders/encoding-call.ts";
import {
	checkParameters,
	type Datatype,
	type InferenceModel,
	type NumberTensor,
	type Parameters,
	requireInput,
	wordParameter,
} from "./inference-model.ts";

const parameterNames = [
	"input_type",
	"truncate",
	"dimensions",
	"embedding_type",
];

const inputTypes = ["query", "passage"] as const;

const datatypes: Readonly<Record<EmbeddingType, Datatype>> = {
	float: "FP32",
	int8: "INT8",
	uint8: "UINT8",
	binary: "INT8",
	ubinary: "UINT8",
};

/** `text` in, `embeddings` and `token_count` out: the names and parameters of NIM's embedding models. */
export function createEmbeddingModel(
	context: EmbeddingContext,
): InferenceModel {
	const { service, options } = context;
	const { id } = service.model;
	return {
		inputs: [{ name: "text", datatype: "BYTES", shape: [-1, 1] }],
		outputs: [
			{ name: "token_count", datatype: "INT32", shape: [-1] },
			{
				name: "embeddings",
				datatype: "FP32",
				shape: [-1, service.dimensions],
			},
		],
		aliases: [`${id}-query`, `${id}-passage`],
		async infer({ modelName, inputs, parameters }, call) {
			checkParameters(parameters, parameterNames);
			const { tensor, place } = requireInput(inputs, "text");
			const { texts } = tensor;
			checkInputCount(texts.length, options.maxInputs, place);
			checkTexts(texts, place);
			const dimensions = dimensionsParameter(parameters);
			checkDimensions(service, dimensions);
			const type =
				wordParameter(parameters, "embedding_type", embeddingTypes) ?? "float";
			const { inputType } = resolveEmbeddingModel(
				service,
				[`${id}-query`, `${id}-passage`].includes(modelName) ? modelName : id,
				wordParameter(parameters, "input_type", inputTypes),
			);
			const truncate = wordParameter(parameters, "truncate", [
				"NONE",
				"START",
				"END",
			]);
			const outcome = await encode(
				context,
				call,
				texts.length,
				(_field, index) => `${place}.data[${index ?? 0}]`,
				() =>
					service.embed({
						id: call.id,
						inputs: texts,
						inputType,
						truncation: truncations[truncate ?? "NONE"],
						dimensions,
						signal: call.signal,
					}),
			);
			const vectors = outcome.vectors.map(vectorEncodings[type]);
			const width = vectors[0]?.length ?? 0;
			return [
				toTokenCounts(
					outcome.inputTokens ??
						texts.map((text) => service.tokenize(text).length),
				),
				{
					name: "embeddings",
					datatype: datatypes[type],
					shape: [vectors.length, width],
					data: joinVectors(vectors, width),
				},
			];
		},
	};
}

export function toTokenCounts(counts: ArrayLike<number>): NumberTensor {
	return {
		name: "token_count",
		datatype: "INT32",
		shape: [counts.length],
		data: Int32Array.from(counts),
	};
}

function joinVectors(
	vectors: readonly EncodedVector[],
	width: number,
): EncodedVector {
	const [first] = vectors;
	const size = vectors.length * width;
	const joined =
		first instanceof Int8Array
			? new Int8Array(size)
			: first instanceof Uint8Array
				? new Uint8Array(size)
				: new Float32Array(size);
	for (const [index, vector] of vectors.entries())
		joined.set(vector, index * width);
	return joined;
}

function checkTexts(texts: readonly string[], place: string): void {
	if (texts.length === 0)
		throw new GalleyError(
			"invalid_request",
			`'${place}' is empty: send at least one text.`,
			{ param: place },
		);
	const empty = texts.indexOf("");
	if (empty < 0) return;
	const param = `${place}.data[${empty}]`;
	throw new GalleyError(
		"invalid_request",
		`'${param}' is empty: send at least one character.`,
		{ param },
	);
}

function dimensionsParameter({ dimensions }: Parameters): number | null {
	if (dimensions === undefined || dimensions === null) return null;
	const value = Number(dimensions);
	if (Number.isInteger(value) && value >= 1) return value;
	throw new GalleyError(
		"invalid_request",
		"The parameter 'dimensions' must be a whole number of at least 1.",
		{ param: "dimensions" },
	);
}
