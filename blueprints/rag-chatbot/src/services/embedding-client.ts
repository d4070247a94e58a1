import type { Agent } from "undici";
import { z } from "zod";
import { type Endpoint, postForJson, ServiceError } from "./endpoint.ts";
import type { OnAway, Patience } from "./patience.ts";

const answerShape = z.object({
	data: z.array(z.object({ index: z.number().int(), embedding: z.string() })),
});
const tokensShape = z.object({ counts: z.array(z.number().int()) });

/** Inputs of one request: a service batches as it likes, and this bounds what is lost when one fails. */
const inputsAtOnce = 64;

/** How an embedding service that is away is waited for; left out, it isn't. */
export interface Waiting {
	patience: Patience;
	onAway?: OnAway;
}

/** The embedding service, by OpenAI's API with NIM's `input_type`. */
export class EmbeddingClient {
	readonly endpoint: Endpoint;
	readonly #agent: Agent | undefined;

	constructor(endpoint: Endpoint, agent?: Agent) {
		this.endpoint = endpoint;
		this.#agent = agent;
	}

	async embedQuery(text: string, signal?: AbortSignal): Promise<Float32Array> {
		const [vector] = await this.#embed([text], "query", signal);
		return vector as Float32Array;
	}

	/** Vectors in the order of the texts. Throws ServiceError, and AwayError where it was waited for. */
	async embedPassages(
		texts: readonly string[],
		signal?: AbortSignal,
		waiting?: Waiting,
	): Promise<Float32Array[]> {
		const vectors: Float32Array[] = [];
		for (let from = 0; from < texts.length; from += inputsAtOnce) {
			const some = texts.slice(from, from + inputsAtOnce);
			vectors.push(
				...(await this.#ask(
					() => this.#embed(some, "passage", signal),
					signal,
					waiting,
				)),
			);
		}
		return vectors;
	}

	/** How many tokens each text has, by the model's own tokenizer. */
	async countTokens(
		texts: readonly string[],
		signal?: AbortSignal,
		waiting?: Waiting,
	): Promise<number[]> {
		if (texts.length === 0) return [];
		const { baseUrl } = this.endpoint;
		const answer = await this.#ask(
			() =>
				postForJson({
					// Token tools stand beside /v1.
					endpoint: {
						...this.endpoint,
						baseUrl: baseUrl.replace(/\/v1\/?$/, ""),
					},
					path: "/tokenize",
					body: {
						model: this.endpoint.model,
						prompts: texts,
						add_special_tokens: false,
					},
					signal,
					agent: this.#agent,
				}),
			signal,
			waiting,
		);
		return this.#parse(tokensShape, answer).counts;
	}

	async #embed(
		input: readonly string[],
		inputType: "query" | "passage",
		signal: AbortSignal | undefined,
	): Promise<Float32Array[]> {
		const answer = await postForJson({
			endpoint: this.endpoint,
			path: "/embeddings",
			body: {
				model: this.endpoint.model,
				input,
				input_type: inputType,
				truncate: "END",
				encoding_format: "base64",
			},
			signal,
			agent: this.#agent,
		});
		const { data } = this.#parse(answerShape, answer);
		const vectors = data
			.toSorted((one, other) => one.index - other.index)
			.map(({ embedding }) => decodeVector(embedding));
		if (vectors.length !== input.length)
			throw new ServiceError(
				`${this.endpoint.model} answered ${vectors.length} vectors for ${input.length} texts.`,
				200,
			);
		return vectors;
	}

	#parse<Shape>(shape: z.ZodType<Shape>, answer: unknown): Shape {
		const result = shape.safeParse(answer);
		if (result.success) return result.data;
		throw new ServiceError(
			`${this.endpoint.model} answered in a form that is not the API's.`,
			200,
			null,
			{ cause: result.error },
		);
	}

	#ask<Result>(
		ask: () => Promise<Result>,
		signal: AbortSignal | undefined,
		waiting: Waiting | undefined,
	): Promise<Result> {
		return waiting === undefined
			? ask()
			: waiting.patience.ask(ask, signal, waiting.onAway);
	}
}

/** Little-endian 32-bit floats, as OpenAI's `encoding_format: base64`. */
function decodeVector(text: string): Float32Array {
	const bytes = Buffer.from(text, "base64");
	const vector = new Float32Array(bytes.length / 4);
	for (let index = 0; index < vector.length; index++)
		vector[index] = bytes.readFloatLE(4 * index);
	return vector;
}
