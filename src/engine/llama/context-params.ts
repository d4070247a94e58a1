import type { EngineOptions, KvLayout, KvType } from "../engine.ts";
import { countSequenceSlots } from "../engine-limits.ts";
import type { AbortFlag } from "./abort-flag.ts";
import type { NativeLogLine } from "./log.ts";
import type { NativeContextParams } from "./structs.ts";

/** `enum ggml_type` */
const kvTypes: Readonly<Record<KvType, number>> = {
	f32: 0,
	f16: 1,
	q4_0: 2,
	q8_0: 8,
};
/** `enum llama_flash_attn_type` */
const flashAttentionTypes: Readonly<
	Record<EngineOptions["flashAttention"], number>
> = { auto: -1, off: 0, on: 1 };
export function toContextParams(
	defaults: NativeContextParams,
	options: EngineOptions & { kvLayout: KvLayout },
	engine: { canShareMemory: boolean; abortFlag: AbortFlag },
): NativeContextParams {
	return {
		...defaults,
		n_ctx: options.kvCells,
		n_batch: options.maxBatchTokens,
		n_ubatch: Math.min(options.microBatchTokens, options.maxBatchTokens),
		n_seq_max: countSequenceSlots(options),
		// Any entry may want logits (prompt log probabilities do). On a CPU the unused part of the buffer is never touched.
		n_outputs_max: 0,
		n_threads: options.threads,
		n_threads_batch: options.threadsBatch,
		flash_attn_type: flashAttentionTypes[options.flashAttention],
		type_k: kvTypes[options.kvTypeK],
		type_v: kvTypes[options.kvTypeV],
		abort_callback: engine.abortFlag.callback,
		abort_callback_data: engine.abortFlag.callbackData,
		offload_kqv: options.gpuLayers !== 0,
		// Windows hold what attention sees and no more; such models are served without sharing anyway.
		swa_full: engine.canShareMemory,
		kv_unified: options.kvLayout === "unified",
	};
}

/** Bytes of the caches that a context has allocated, which only its log tells for every kind of memory. */
export function readKvBytes(lines: readonly NativeLogLine[]): number {
	let bytes = 0;
	for (const { text } of lines) {
		const match = /(?:KV|RS) buffer size\s*=\s*([\d.]+) MiB/.exec(text);
		if (match !== null) bytes += Math.round(Number(match[1]) * 1024 * 1024);
	}
	return bytes;
}
