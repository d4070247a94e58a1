import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type {
	EmbeddingRequest,
	EmbeddingService,
	EncoderService,
	RankingRequest,
	RankingService,
} from "../../core/embedding-service.ts";
import { GalleyError } from "../../core/errors.ts";
import type { ServiceState } from "../../core/language-service.ts";

/** A service without a model: a token is a word, a vector the hash of its text, relevance the number of shared words. */
interface HashEncoder<Service, Request> {
	service: Service;
	/** Everything that was asked for. */
	requests: Request[];
	setState(state: ServiceState): void;
	/** The next requests fail with it; null heals. */
	setFailure(error: GalleyError | null): void;
	/** How long a request takes. */
	setDelay(milliseconds: number): void;
}

export type HashEmbedding = HashEncoder<EmbeddingService, EmbeddingRequest>;
export type HashRanking = HashEncoder<RankingService, RankingRequest>;

const beginToken = 1;
const endToken = 2;
const vocabularySize = 1000;
const maxInputTokens = 16;

export function createHashEmbedding(
	options: { name?: string; dimensions?: number } = {},
): HashEmbedding {
	const { name = "hash-embed", dimensions = 8 } = options;
	return createHashEncoder<EmbeddingService, EmbeddingRequest>((run, base) => ({
		...base(name),
		task: "embedding",
		dimensions,
		trainedDimensions: [],
		embed: (request) =>
			run(request, () => {
				const inputTokens = request.inputs.map((input, index) =>
					countTokens(
						typeof input === "string" ? tokenize(input) : input,
						request.truncation,
						`inputs[${index}]`,
					),
				);
				return {
					vectors: request.inputs.map((input) =>
						toVector(
							`${request.inputType ?? ""}:${typeof input === "string" ? input : input.join(" ")}`,
							request.dimensions ?? dimensions,
						),
					),
					promptTokens: inputTokens.reduce((sum, count) => sum + count, 0),
					inputTokens: Int32Array.from(inputTokens),
				};
			}),
	}));
}

export function createHashRanking(name = "hash-rerank"): HashRanking {
	return createHashEncoder<RankingService, RankingRequest>((run, base) => ({
		...base(name),
		task: "ranking",
		rank: (request) =>
			run(request, () => {
				const words = new Set(wordsOf(request.query));
				const inputTokens = request.passages.map((passage, index) =>
					countTokens(
						tokenize(`${request.query} ${passage}`),
						request.truncation,
						`passages[${index}]`,
					),
				);
				return {
					logits: Float32Array.from(
						request.passages,
						(passage) =>
							wordsOf(passage).filter((word) => words.has(word)).length - 1.5,
					),
					promptTokens: inputTokens.reduce((sum, count) => sum + count, 0),
					inputTokens: Int32Array.from(inputTokens),
				};
			}),
	}));
}

type Run<Request> = <Outcome>(
	request: Request,
	compute: () => Outcome,
) => Promise<Outcome>;

function createHashEncoder<
	Service extends EncoderService,
	Request extends { signal: AbortSignal },
>(
	make: (run: Run<Request>, base: (name: string) => EncoderService) => Service,
): HashEncoder<Service, Request> {
	let state: ServiceState = { phase: "ready" };
	let failure: GalleyError | null = null;
	let delayMs = 0;
	let running = 0;
	const requests: Request[] = [];
	const run: Run<Request> = async (request, compute) => {
		requests.push(request);
		running++;
		try {
			await delay(delayMs, undefined, { signal: request.signal });
			if (failure !== null) throw failure;
			return compute();
		} catch (error) {
			if (!request.signal.aborted) throw error;
			throw new GalleyError("client_closed", "The caller has left.");
		} finally {
			running--;
		}
	};
	const base = (name: string): EncoderService => ({
		model: {
			id: name,
			created: 1_700_000_000,
			root: name,
			parent: null,
			maxModelLength: maxInputTokens,
		},
		facts: {
			architecture: "hash",
			name: "Hashes of texts",
			parameters: 0,
			precision: "fp32",
			maxInputTokens,
			vocabularySize,
			license: "Apache-2.0",
			sizeBytes: 123,
			sha256: null,
			profile: { id: "0123abcd", name: "onnx-fp32-cpu" },
		},
		state: () => state,
		load: () => ({ running, waiting: 0, waitingTokens: 0 }),
		tokenize,
	});
	return {
		service: make(run, base),
		requests,
		setState(next) {
			state = next;
		},
		setFailure(error) {
			failure = error;
		},
		setDelay(milliseconds) {
			delayMs = milliseconds;
		},
	};
}

function wordsOf(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function tokenize(text: string): Int32Array {
	const ids = wordsOf(text).map(
		(word) => 3 + (digest(word).readUInt16LE(0) % (vocabularySize - 3)),
	);
	return Int32Array.from([beginToken, ...ids, endToken]);
}

function countTokens(
	tokens: Int32Array,
	truncation: EmbeddingRequest["truncation"],
	param: string,
): number {
	if (tokens.length <= maxInputTokens) return tokens.length;
	if (truncation !== "none") return maxInputTokens;
	const message = `'${param}' has ${tokens.length} tokens, but this model takes at most ${maxInputTokens}. Shorten it, or send 'truncate'.`;
	throw new GalleyError("context_length_exceeded", message, { param });
}

function toVector(text: string, dimensions: number): Float32Array {
	const vector = new Float32Array(dimensions);
	for (let index = 0; index < dimensions; index++)
		vector[index] = digest(`${index}:${text}`).readInt32LE(0) / 2 ** 31;
	const norm = Math.hypot(...vector);
	return vector.map((value) => value / norm);
}

function digest(text: string): Buffer {
	return createHash("sha256").update(text).digest();
}
