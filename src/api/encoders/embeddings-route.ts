import type { FastifyReply, FastifyRequest } from "fastify";
import type { EmbeddingService } from "../../core/embedding-service.ts";
import { GalleyError } from "../../core/errors.ts";
import { describeRoute } from "../route-schema.ts";
import {
	type EmbeddingBody,
	embeddingBody,
	embeddingList,
} from "./embedding-body.ts";
import {
	type EncodedVector,
	toLittleEndian,
	vectorEncodings,
} from "./embedding-encoding.ts";
import { toEmbeddingInputs } from "./embedding-input.ts";
import type { EmbeddingContext } from "./encoder-context.ts";
import { resolveEmbeddingModel, truncations } from "./encoder-model.ts";
import { encode, toEncodingCall } from "./encoding-call.ts";
import { JsonChunks } from "./json-chunks.ts";
import { sendChunks } from "./large-answer.ts";

export const embeddingsSchema = describeRoute({
	id: "createEmbedding",
	summary: "Turn texts into vectors",
	tag: "Inference",
	body: embeddingBody,
	answer: "A vector for each input, in their order.",
	content: embeddingList,
});

export function embeddings(context: EmbeddingContext) {
	const { service, options } = context;
	return async (
		request: FastifyRequest<{ Body: EmbeddingBody }>,
		reply: FastifyReply,
	): Promise<FastifyReply> => {
		const { body } = request;
		const { model, inputType } = resolveEmbeddingModel(
			service,
			body.model,
			body.input_type,
		);
		request.record.model = model.id;
		const inputs = toEmbeddingInputs(body.input, {
			maxInputs: options.maxInputs,
			vocabularySize: service.facts.vocabularySize,
		});
		checkDimensions(service, body.dimensions);
		const isOne = inputs.length === 1 && !isListOfInputs(body.input);
		const call = toEncodingCall(request, reply);
		const { vectors, promptTokens } = await encode(
			context,
			call,
			inputs.length,
			(_field, index) => (isOne ? "input" : `input[${index ?? 0}]`),
			() =>
				service.embed({
					id: call.id,
					inputs,
					inputType,
					truncation: truncations[body.truncate ?? "NONE"],
					dimensions: body.dimensions ?? null,
					signal: call.signal,
				}),
		);
		const encodeVector = vectorEncodings[body.embedding_type ?? "float"];
		return sendChunks(
			reply,
			writeEmbeddings(
				vectors,
				encodeVector,
				body.encoding_format === "base64",
				`],"model":${JSON.stringify(model.id)},"usage":{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}}`,
			),
		);
	};
}

/** Texts in an array, or arrays of token ids: not one text, nor the ids of one. */
function isListOfInputs(input: unknown): boolean {
	return Array.isArray(input) && typeof input[0] !== "number";
}

export function checkDimensions(
	service: EmbeddingService,
	dimensions: number | null | undefined,
): void {
	if (dimensions === undefined || dimensions === null) return;
	if (dimensions <= service.dimensions) return;
	const message = `'dimensions' may be at most ${service.dimensions} with this model, but is ${dimensions}.`;
	throw new GalleyError("invalid_request", message, { param: "dimensions" });
}

function* writeEmbeddings(
	vectors: readonly Float32Array[],
	encodeVector: (vector: Float32Array) => EncodedVector,
	isBase64: boolean,
	end: string,
): Generator<Buffer> {
	const chunks = new JsonChunks();
	chunks.raw('{"object":"list","data":[');
	for (const [index, vector] of vectors.entries()) {
		const start = index === 0 ? "" : ",";
		chunks.raw(`${start}{"object":"embedding","index":${index},"embedding":`);
		const encoded = encodeVector(vector);
		if (isBase64) chunks.raw(`"${toLittleEndian(encoded).toString("base64")}"`);
		else chunks.numbers(encoded);
		chunks.raw("}");
		if (chunks.isFull) yield chunks.take();
	}
	chunks.raw(end);
	yield chunks.take();
}
