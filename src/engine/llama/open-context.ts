import { GalleyError } from "../../core/errors.ts";
import type { EngineInfo, EngineOptions, KvLayout } from "../engine.ts";
import { countSequenceSlots } from "../engine-limits.ts";
import type { AbortFlag } from "./abort-flag.ts";
import { readKvBytes, toContextParams } from "./context-params.ts";
import type { LlamaLibrary } from "./library.ts";
import { toLoadFailure } from "./load-failure.ts";
import type { LlamaModel } from "./model.ts";
import { NativeBatch } from "./native-batch.ts";
import { SequenceMemory } from "./sequence-memory.ts";
import type { NativeContextParams, Pointer } from "./structs.ts";
import type { ThreadPool } from "./thread-pool.ts";

/** What a context needs that outlives it. */
export interface ContextSurroundings {
	model: LlamaModel;
	abortFlag: AbortFlag;
	threadPool: ThreadPool | null;
}

/** A context of libllama with its KV cache; who opens it frees it, before the surroundings go. */
export interface OpenContext {
	context: Pointer;
	memory: SequenceMemory;
	info: EngineInfo;
}

/** With the layout decided. */
export type ContextOptions = EngineOptions & { kvLayout: KvLayout };

export async function openContext(
	{ model, abortFlag, threadPool }: ContextSurroundings,
	options: ContextOptions,
): Promise<OpenContext> {
	const { library, canShareMemory } = model;
	const { native } = library;
	const recording = library.log.record();
	const params = toContextParams(
		native.llama_context_default_params(),
		options,
		{ canShareMemory, abortFlag },
	);
	const context = await createContext(model, params, options.modelPath);
	recording.stop();
	try {
		if (threadPool !== null)
			native.llama_attach_threadpool(context, threadPool.address, null);
		const memory = createMemory({
			library,
			context,
			abortFlag,
			canShareMemory,
			options,
		});
		const info: EngineInfo = {
			engine: "llama",
			version: library.version,
			devices: [],
			vocabularySize: model.vocabulary.size,
			contextLength: Math.min(
				options.contextLength,
				native.llama_n_ctx_seq(context),
			),
			maxSequences: options.maxSequences,
			sequenceSlots: countSequenceSlots(options),
			kvLayout: options.kvLayout,
			kvCells: native.llama_n_ctx(context),
			maxBatchTokens: Math.min(
				options.maxBatchTokens,
				native.llama_n_batch(context),
			),
			attentionTile: attentionTile(options),
			canShareMemory,
			modelBytes: model.bytes,
			kvBytes: readKvBytes(recording.lines),
		};
		return { context, memory, info };
	} catch (error) {
		native.llama_free(context);
		throw error;
	}
}

/**
 * ggml's flash attention on a CPU takes its tiled path from 64 queries on, for keys and values of one plain type. Measured
 * with the 135M shape behind 1,200 tokens: 63 tokens in 420 ms, 64 in 232 ms.
 */
function attentionTile({
	gpuLayers,
	flashAttention,
	kvTypeK,
	kvTypeV,
}: EngineOptions): number {
	const isPlain = kvTypeK === kvTypeV && ["f16", "f32"].includes(kvTypeK);
	return gpuLayers === 0 && flashAttention !== "off" && isPlain ? 64 : 0;
}

async function createContext(
	model: LlamaModel,
	params: NativeContextParams,
	modelPath: string,
): Promise<Pointer> {
	const { native, log } = model.library;
	log.forgetProblems();
	const context = await new Promise<Pointer | null>((resolve, reject) => {
		native.llama_init_from_model.async(
			model.address,
			params,
			(error, result) => (error ? reject(error) : resolve(result)),
		);
	});
	if (context === null)
		throw toLoadFailure(
			`No context can be made for ${modelPath}`,
			log.problems(),
		);
	return context;
}

function createMemory(parts: {
	library: LlamaLibrary;
	context: Pointer;
	abortFlag: AbortFlag;
	canShareMemory: boolean;
	options: ContextOptions;
}): SequenceMemory {
	const { library, context, abortFlag, canShareMemory, options } = parts;
	const { native, log } = library;
	const memory = native.llama_get_memory(context);
	if (memory === null)
		throw new GalleyError(
			"engine_error",
			`${options.modelPath} has no memory for sequences.`,
		);
	return new SequenceMemory({
		native,
		log,
		context,
		memory,
		layout: options.kvLayout,
		streams: options.kvLayout === "unified" ? 1 : options.maxSequences,
		canShareMemory,
		// Copies are carried out at the start of a decode, so: decode a token, abort it at once and take it back.
		flushCopies(sequence, nextPosition) {
			const batch = new NativeBatch(1);
			batch.sequences[0] = sequence;
			batch.positions[0] = nextPosition;
			abortFlag.set(true);
			native.llama_decode(context, batch.firstEntries(1));
			abortFlag.set(false);
			native.llama_memory_seq_rm(memory, sequence, batch.positions[0], -1);
		},
	});
}
