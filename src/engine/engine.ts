import type { SamplingParams } from "../core/generation-request.ts";
import type { FillInMiddleTokens } from "../core/language-service.ts";

/**
 * The contract every engine keeps. `fake/` and `llama/` both pass `engine-conformance.ts`.
 * An engine knows sequences by small numbers (0 to sequenceSlots - 1) and positions; whose request they serve is the
 * scheduler's business.
 */

/** `unified`: all sequences share one pool of cells. `streams`: each sequence owns an equal part. */
export type KvLayout = "unified" | "streams";
export type KvType = "f32" | "f16" | "q8_0" | "q4_0";

export interface EngineOptions {
	modelPath: string;
	/** Tokens a single sequence may hold. */
	contextLength: number;
	maxSequences: number;
	/** Cells of the whole cache; `streams` and `auto` need contextLength * maxSequences. */
	kvCells: number;
	/** `auto` begins with `streams` and leaves it to whoever calls `changeLayout`. */
	kvLayout: KvLayout | "auto";
	kvTypeK: KvType;
	kvTypeV: KvType;
	/** Tokens one `run` may take. */
	maxBatchTokens: number;
	/** Tokens computed at once inside a run. */
	microBatchTokens: number;
	/** Threads for steps that only decode. */
	threads: number;
	/** Threads for steps with prefill. */
	threadsBatch: number;
	flashAttention: "auto" | "on" | "off";
	/** Layers on a GPU; 0 keeps the CPU, -1 is all. */
	gpuLayers: number;
	memoryMap: boolean;
	memoryLock: boolean;
	/** 0 to 1; false stops the load. */
	onLoadProgress?: ((progress: number) => boolean) | undefined;
}

export interface EngineInfo {
	/** E.g. `llama` or `fake`. */
	engine: string;
	/** Release of the native library. */
	version: string;
	/** What computes, e.g. `CPU (zen4)` or a GPU's name. */
	devices: readonly string[];
	vocabularySize: number;
	contextLength: number;
	/** Sequences that can be computed at once. */
	maxSequences: number;
	/** Sequences that can hold something: with a unified cache more than are computed at once. */
	sequenceSlots: number;
	kvCells: number;
	kvLayout: KvLayout;
	maxBatchTokens: number;
	/**
	 * With so many tokens at once (of one stream, or of the whole step when unified) attention is computed in tiles, which is
	 * much faster for each; 0 where it makes no difference.
	 */
	attentionTile: number;
	/** Sequences can be cut and copied at any position; false for recurrent and sliding-window models. */
	canShareMemory: boolean;
	modelBytes: number;
	kvBytes: number;
}

/** Views over memory the engine owns, `maxBatchTokens` entries each. Fill the first n entries, then `run(n)`. */
export interface TokenBatch {
	readonly tokens: Int32Array;
	readonly positions: Int32Array;
	readonly sequences: Int32Array;
	/** 1 where logits are wanted after the run. */
	readonly wantsLogits: Int8Array;
}

/**
 * `ok`: computed. `no-space`: the cache had no room; nothing of this batch is in it.
 * `aborted`: `abort()` ended it; the caller must treat all entries' positions as not computed and remove them.
 */
export type RunResult = "ok" | "no-space" | "aborted";

/** Owns the state of one choice: penalties' history, random numbers. */
export interface Sampler extends Disposable {
	/** Tells history of a token that was not sampled here: the prompt. */
	accept(token: number): void;
	/** Samples from the logits of a batch entry of the last run, and accepts the token. */
	sample(batchIndex: number): number;
}

export interface Vocabulary {
	readonly size: number;
	readonly bos: number | null;
	readonly eos: number | null;
	/** Whether this vocabulary puts its begin-of-sequence token before a prompt. */
	readonly addsBos: boolean;
	readonly endOfGenerationTokens: ReadonlySet<number>;
	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array;
	/** The token's bytes. Control tokens give their text when `renderSpecial`, else nothing. */
	tokenBytes(token: number, renderSpecial: boolean): Uint8Array;
}

/** How strongly an adapter works: 1 is as it was trained, 0 not at all. */
export interface AppliedAdapter {
	/** As `loadAdapter` gave it. */
	handle: number;
	scale: number;
}

/** A model loaded without its weights: enough to tokenize and to render templates. Lives in the HTTP process. */
export interface ModelVocabulary extends Vocabulary, Disposable {
	/** The GGUF's key-value pairs as text; long arrays are left out. */
	readonly metadata: ReadonlyMap<string, string>;
	/** E.g. `Q8_0`. */
	readonly precision: string;
	/** By the file's keys, or by tokens of well-known texts; null when one of the three is missing. */
	readonly fillInMiddle: FillInMiddleTokens | null;
	chatTemplate(name?: string): string | null;
}

export interface Engine extends Disposable {
	readonly info: EngineInfo;
	readonly vocabulary: Vocabulary;
	readonly batch: TokenBatch;
	/**
	 * Computes the first `tokenCount` entries of `batch`. One run at a time. Resolves in a later
	 * macrotask, so that messages get in between steps. Throws GalleyError `engine_error` when computing
	 * failed.
	 */
	run(tokenCount: number): Promise<RunResult>;
	/** Logits of a batch entry of the last run that wanted them: `vocabularySize` floats, valid until the next run. */
	logits(batchIndex: number): Float32Array;
	createSampler(sampling: SamplingParams): Sampler;
	/**
	 * Positions from (inclusive) to end (exclusive) of `source` become `target`'s too. -1 as end is all. The target must hold
	 * the positions before `from` and none of those copied; the layout `streams` copies from 0 only, into an empty sequence.
	 */
	copySequence(source: number, target: number, from: number, end: number): void;
	/** False when this memory can't be cut there; then only whole sequences (0, -1) can be removed. */
	removeSequence(sequence: number, from: number, end: number): boolean;
	/** The sequence's cells as bytes, for host memory or disk. */
	saveSequence(sequence: number): Uint8Array;
	/** False when there is no room. */
	restoreSequence(sequence: number, state: Uint8Array): boolean;
	/**
	 * Reopens the cache in another layout: everything that sequences hold is gone, `info` tells what it is now. Where memory does
	 * not suffice it stays as it was, empty.
	 */
	changeLayout(layout: KvLayout): Promise<void>;
	/**
	 * Loads a LoRA adapter beside the model and gives its handle; it does nothing until `setAdapters` names it. Throws GalleyError
	 * `model_unusable` with the reason when the file is none, or is made for another model.
	 */
	loadAdapter(path: string): Promise<number>;
	/** Frees an adapter. One that is set is refused: set others first. */
	unloadAdapter(handle: number): void;
	/**
	 * What works on the following runs, all their sequences alike; nothing is the model alone. Cells that other adapters computed
	 * stay as they are: whoever mixes them in one sequence gets words of neither.
	 */
	setAdapters(adapters: readonly AppliedAdapter[]): void;
	/** Ends a run in progress soon. */
	abort(): void;
}

/** What a folder under `engine/` exports. */
export interface EngineModule {
	load(options: EngineOptions): Promise<Engine>;
	loadVocabulary(modelPath: string): ModelVocabulary;
}
