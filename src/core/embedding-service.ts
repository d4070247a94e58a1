import type {
	ModelEntry,
	ModelOrigin,
	ServiceState,
} from "./language-service.ts";

/** What a text is to the model: some were trained with another prefix for questions than for what answers them. */
export type EmbeddingInputType = "query" | "passage";

/** What to do with an input of more tokens than the model takes. */
export type InputTruncation = "none" | "start" | "end";

export interface EmbeddingRequest {
	/** As in `X-Request-Id`. */
	id: string;
	/** Texts, or token ids as the model's own tokenizer writes them. */
	inputs: readonly (string | Int32Array)[];
	inputType: EmbeddingInputType | null;
	truncation: InputTruncation;
	/** Leading dimensions wanted, normalised again; null is all of them. */
	dimensions: number | null;
	/** Aborts when the caller has left: what was not computed yet is dropped. */
	signal: AbortSignal;
}

export interface EmbeddingOutcome {
	/** One vector for each input, in their order, of unit length where the model's are. */
	vectors: readonly Float32Array[];
	promptTokens: number;
	/** Tokens of each input as it was computed, where the service counts them: KServe's answers tell them. */
	inputTokens?: Int32Array;
}

export interface RankingRequest {
	id: string;
	query: string;
	passages: readonly string[];
	truncation: InputTruncation;
	signal: AbortSignal;
}

export interface RankingOutcome {
	/** The model's raw relevance for each passage, in their order; greater is more relevant. */
	logits: Float32Array;
	promptTokens: number;
	/** Tokens of query and passage together for each passage as it was computed, where the service counts them. */
	inputTokens?: Int32Array;
}

/** From the model's files. */
export interface EncoderFacts {
	/** E.g. `bert`, `modernbert`, `nomic_bert`. */
	architecture: string;
	name: string;
	parameters: number | null;
	/** `fp32`, `fp16`, `int8`, or a GGUF's precision. */
	precision: string;
	/** Tokens of one input at most, special ones included. */
	maxInputTokens: number;
	vocabularySize: number;
	license: string | null;
	sizeBytes: number;
	sha256: string | null;
	/** Where the weights came from; null or left out for a directory of the operator's own. */
	origin?: ModelOrigin | null;
	profile: { id: string; name: string };
}

export interface EncoderLoad {
	/** Inputs being computed. */
	running: number;
	/** Inputs in the queue. */
	waiting: number;
	/** Tokens in the queue. */
	waitingTokens: number;
}

/** What embedding and reranking services have in common. */
export interface EncoderService {
	readonly model: ModelEntry;
	readonly facts: EncoderFacts;
	state(): ServiceState;
	load(): EncoderLoad;
	/** Ids with the special tokens around them, as one passage would be computed. */
	tokenize(text: string): Int32Array;
}

/** One embedding model, ready to serve: what the API surfaces speak to. */
export interface EmbeddingService extends EncoderService {
	readonly task: "embedding";
	/** Of the whole vector. */
	readonly dimensions: number;
	/** Shorter vectors that the model was trained for (Matryoshka); empty where any prefix is as good or bad as any other. */
	readonly trainedDimensions: readonly number[];
	/**
	 * Throws GalleyError: `invalid_request` with the parameter's name, `context_length_exceeded` for an input that is too
	 * long and may not be cut, `queue_full` when the queue is full, `client_closed` when the signal has aborted. An input at
	 * fault is the error's `param`, as `inputs[3]` (`query` and `passages[3]` of a ranking): the API calls it as its client does.
	 */
	embed(request: EmbeddingRequest): Promise<EmbeddingOutcome>;
}

/** One reranking model (a cross-encoder). Throws as `EmbeddingService.embed` does. */
export interface RankingService extends EncoderService {
	readonly task: "ranking";
	rank(request: RankingRequest): Promise<RankingOutcome>;
}
