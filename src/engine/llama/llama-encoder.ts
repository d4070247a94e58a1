import { GalleyError } from "../../core/errors.ts";
import type {
	EncoderEngine,
	EncoderInfo,
	EncoderOptions,
	EncoderSequence,
	Pooling,
} from "../encoder-engine.ts";
import type { NativeBindings } from "./bindings.ts";
import { openLibrary } from "./library.ts";
import { toLoadFailure } from "./load-failure.ts";
import { LlamaModel } from "./model.ts";
import { NativeBatch } from "./native-batch.ts";
import { viewMemory } from "./native-memory.ts";
import { type PackageSearch, selectEnginePackage } from "./packages.ts";
import type { Pointer } from "./structs.ts";

/** `enum llama_pooling_type` */
const poolingTypes: Readonly<Record<Exclude<Pooling, "max">, number>> = {
	mean: 1,
	cls: 2,
	last: 3,
};
const rankPooling = 4;
/** More would only make the attention mask of a batch larger. */
const maxSequences = 64;

/** Loads a GGUF file into libllama, for vectors or for scores of pairs. */
export async function loadLlamaEncoder(
	options: EncoderOptions,
	search: PackageSearch = {},
): Promise<EncoderEngine> {
	const library = openLibrary(selectEnginePackage(search));
	const { native } = library;
	const gpuLayers = options.providers.includes("cpu") ? 0 : -1;
	let model: LlamaModel | null = null;
	try {
		model = await LlamaModel.load(library, {
			modelPath: options.modelPath,
			gpuLayers,
			memoryMap: true,
			memoryLock: false,
		});
		const sequences = Math.min(
			maxSequences,
			native.llama_max_parallel_sequences(),
		);
		const context = native.llama_init_from_model(model.address, {
			...native.llama_context_default_params(),
			embeddings: true,
			pooling_type: poolingOf(options),
			n_ctx: options.maxBatchTokens,
			n_batch: options.maxBatchTokens,
			// A text's tokens all see each other, so they have to be computed at once.
			n_ubatch: options.maxBatchTokens,
			n_seq_max: sequences,
			kv_unified: true,
			n_threads: options.threads,
			n_threads_batch: options.threads,
			offload_kqv: gpuLayers !== 0,
		});
		if (context === null)
			throw toLoadFailure(
				`No context can be made for ${options.modelPath}`,
				library.log.problems(),
			);
		return new LlamaEncoder(native, model, context, sequences, options);
	} catch (error) {
		model?.[Symbol.dispose]();
		library[Symbol.dispose]();
		throw error;
	}
}

function poolingOf({ task, pooling, modelPath }: EncoderOptions): number {
	if (task === "ranking") return rankPooling;
	if (pooling !== "max") return poolingTypes[pooling];
	throw new GalleyError(
		"model_unusable",
		`${modelPath} asks for max pooling, which llama.cpp doesn't compute; use the model's ONNX files.`,
	);
}

/** One context of libllama. Texts lie one behind the other in its batch, each a sequence of its own: nothing is fill. */
class LlamaEncoder implements EncoderEngine {
	readonly info: EncoderInfo;
	readonly #native: NativeBindings;
	readonly #model: LlamaModel;
	readonly #context: Pointer;
	readonly #maxSequences: number;
	readonly #options: EncoderOptions;
	readonly #batch: NativeBatch;

	constructor(
		native: NativeBindings,
		model: LlamaModel,
		context: Pointer,
		sequences: number,
		options: EncoderOptions,
	) {
		this.#native = native;
		this.#model = model;
		this.#context = context;
		this.#maxSequences = sequences;
		this.#options = options;
		this.#batch = new NativeBatch(options.maxBatchTokens);
		this.info = {
			engine: "llama",
			version: model.library.version,
			devices: options.providers,
			width:
				options.task === "ranking"
					? 1
					: native.llama_model_n_embd_out(model.address),
		};
	}

	async run(sequences: readonly EncoderSequence[]): Promise<Float32Array> {
		const { width } = this.info;
		const rows = new Float32Array(sequences.length * width);
		for (let from = 0; from < sequences.length; ) {
			const to = this.#endOfBatch(sequences, from);
			await this.#compute(sequences.slice(from, to));
			for (let index = from; index < to; index++)
				rows.set(this.#row(index - from), index * width);
			from = to;
		}
		return rows;
	}

	#endOfBatch(sequences: readonly EncoderSequence[], from: number): number {
		let tokens = sequences[from]?.tokens.length ?? 0;
		let to = from + 1;
		while (to < sequences.length && to - from < this.#maxSequences) {
			tokens += sequences[to]?.tokens.length ?? 0;
			if (tokens > this.#options.maxBatchTokens) break;
			to++;
		}
		return to;
	}

	async #compute(sequences: readonly EncoderSequence[]): Promise<void> {
		const batch = this.#batch;
		let count = 0;
		sequences.forEach(({ tokens }, sequence) => {
			batch.tokens.set(tokens, count);
			batch.sequences.fill(sequence, count, count + tokens.length);
			for (let position = 0; position < tokens.length; position++)
				batch.positions[count + position] = position;
			count += tokens.length;
		});
		batch.wantsLogits.fill(1, 0, count);
		// Models that were made of language models keep what they have read.
		const memory = this.#native.llama_get_memory(this.#context);
		if (memory !== null) this.#native.llama_memory_clear(memory, false);
		// It encodes where the model has no memory.
		const code = await new Promise<number>((resolve, reject) => {
			this.#native.llama_decode.async(
				this.#context,
				batch.firstEntries(count),
				(error, result) => (error ? reject(error) : resolve(result)),
			);
		});
		if (code !== 0)
			throw new GalleyError(
				"engine_error",
				`llama.cpp could not compute ${sequences.length} texts of ${count} tokens (code ${code}).`,
			);
	}

	/** Of the run that has just ended. */
	#row(sequence: number): Float32Array {
		const address = this.#native.llama_get_embeddings_seq(
			this.#context,
			sequence,
		);
		if (address === null)
			throw new GalleyError(
				"engine_error",
				`llama.cpp gave no vector for a text; ${this.#options.modelPath} may have no pooling.`,
			);
		if (this.#options.task === "ranking") return this.#score(address);
		const row = new Float32Array(
			viewMemory(address, 4 * this.info.width),
		).slice();
		return this.#options.isNormalized ? toUnitLength(row) : row;
	}

	/** One number a pair; of two classes, how much more likely the second is. */
	#score(address: Pointer): Float32Array {
		const classes = this.#native.llama_model_n_cls_out(this.#model.address);
		const scores = new Float32Array(viewMemory(address, 4 * classes));
		const [first = Number.NaN, second] = scores;
		if (classes <= 1) return Float32Array.of(first);
		if (classes === 2) return Float32Array.of((second ?? 0) - first);
		throw new GalleyError(
			"model_unusable",
			`The model tells ${classes} classes apart; a reranker has one or two.`,
		);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#native.llama_free(this.#context);
		const { library } = this.#model;
		this.#model[Symbol.dispose]();
		library[Symbol.dispose]();
	}
}

function toUnitLength(row: Float32Array): Float32Array {
	const length = Math.hypot(...row);
	return length === 0 ? row : row.map((value) => value / length);
}
