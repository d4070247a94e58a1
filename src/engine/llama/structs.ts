import koffi, { type TypeObject } from "koffi";

/**
 * Structs that cross the C seam by value, as llama.cpp v0.5.0 lays them out (include/llama.h, ggml/include/ggml.h).
 * A layout belongs to exactly one release: `library.ts` compares sizes and default values before anything is called.
 */

/** An address. koffi gives pointers as bigint and NULL as null. */
export type Pointer = bigint;

type CType =
	| "int"
	| "int32_t"
	| "uint32_t"
	| "size_t"
	| "float"
	| "bool"
	| "void *";
/** Field by field in C's order: its type and the value in the library's own default parameters. */
type FieldTable = Readonly<
	Record<string, readonly [type: CType, defaultValue: number | boolean | null]>
>;

type FieldValue<Type extends CType> = Type extends "bool"
	? boolean
	: Type extends "void *"
		? Pointer | null
		: number;
type StructOf<Fields extends FieldTable> = {
	-readonly [Name in keyof Fields]: FieldValue<Fields[Name][0]>;
};

/** `struct llama_model_params` and what `llama_model_default_params` answers. */
export const modelParamFields = {
	devices: ["void *", null],
	tensor_buft_overrides: ["void *", null],
	n_gpu_layers: ["int32_t", -1],
	split_mode: ["int", 1],
	load_mode: ["int", -1],
	lazy_mode: ["int", 1],
	main_gpu: ["int32_t", 0],
	tensor_split: ["void *", null],
	progress_callback: ["void *", null],
	progress_callback_user_data: ["void *", null],
	kv_overrides: ["void *", null],
	vocab_only: ["bool", false],
	check_tensors: ["bool", false],
	use_extra_bufts: ["bool", true],
	no_host: ["bool", false],
	no_alloc: ["bool", false],
	load_mtp: ["bool", false],
} as const satisfies FieldTable;

/** `struct llama_context_params` and what `llama_context_default_params` answers. */
export const contextParamFields = {
	n_ctx: ["uint32_t", 512],
	n_batch: ["uint32_t", 2048],
	n_ubatch: ["uint32_t", 512],
	n_seq_max: ["uint32_t", 1],
	n_rs_seq: ["uint32_t", 0],
	n_outputs_max: ["uint32_t", 0],
	n_outputs_max_per_seq: ["uint32_t", 1],
	n_threads: ["int32_t", 4],
	n_threads_batch: ["int32_t", 4],
	ctx_type: ["int", 0],
	rope_scaling_type: ["int", -1],
	pooling_type: ["int", -1],
	attention_type: ["int", -1],
	flash_attn_type: ["int", -1],
	rope_freq_base: ["float", 0],
	rope_freq_scale: ["float", 0],
	yarn_ext_factor: ["float", -1],
	yarn_attn_factor: ["float", -1],
	yarn_beta_fast: ["float", -1],
	yarn_beta_slow: ["float", -1],
	yarn_orig_ctx: ["uint32_t", 0],
	defrag_thold: ["float", -1],
	cb_eval: ["void *", null],
	cb_eval_user_data: ["void *", null],
	type_k: ["int", 1],
	type_v: ["int", 1],
	abort_callback: ["void *", null],
	abort_callback_data: ["void *", null],
	embeddings: ["bool", false],
	offload_kqv: ["bool", true],
	no_perf: ["bool", true],
	op_offload: ["bool", true],
	swa_full: ["bool", true],
	kv_unified: ["bool", false],
	samplers: ["void *", null],
	n_samplers: ["size_t", 0],
	ctx_other: ["void *", null],
} as const satisfies FieldTable;

/** `struct llama_model_quantize_params` and what `llama_model_quantize_default_params` answers. */
export const quantizeParamFields = {
	nthread: ["int32_t", 0],
	ftype: ["int", 7],
	output_tensor_type: ["int", 43],
	token_embedding_type: ["int", 43],
	allow_requantize: ["bool", false],
	quantize_output_tensor: ["bool", true],
	only_copy: ["bool", false],
	pure: ["bool", false],
	keep_split: ["bool", false],
	dry_run: ["bool", false],
	imatrix: ["void *", null],
	kv_overrides: ["void *", null],
	tt_overrides: ["void *", null],
	prune_layers: ["void *", null],
	max_buf_size: ["size_t", 8 * 1024 ** 3],
} as const satisfies FieldTable;

export type NativeModelParams = StructOf<typeof modelParamFields>;
export type NativeQuantizeParams = StructOf<typeof quantizeParamFields>;
export type NativeContextParams = StructOf<typeof contextParamFields>;

/** `struct llama_batch`. */
export interface NativeBatchStruct {
	n_tokens: number;
	token: Pointer;
	embd: Pointer | null;
	pos: Pointer;
	n_seq_id: Pointer;
	seq_id: Pointer;
	logits: Pointer;
}

/** `struct ggml_threadpool_params`, filled by the library; only these offsets are touched from here. */
export const threadPoolParams = {
	bytes: 528,
	threadsOffset: 512,
	pollOffset: 520,
	/** What the library fills in at `pollOffset`. */
	defaultPoll: 50,
} as const;

export interface NativeStructs {
	modelParams: TypeObject;
	contextParams: TypeObject;
	batch: TypeObject;
	samplerChainParams: TypeObject;
	ggmlInitParams: TypeObject;
}

/** Bytes of each struct on the 64-bit platforms that engine packages exist for. */
export const expectedStructBytes = {
	modelParams: 80,
	contextParams: 160,
	batch: 56,
	samplerChainParams: 1,
	ggmlInitParams: 24,
} as const satisfies Record<keyof NativeStructs, number>;

/** Apart from the others: only the quantizer's own process defines it. */
export const quantizeParamsBytes = 64;

export function defineQuantizeParams(): TypeObject {
	return koffi.struct(fieldTypes(quantizeParamFields));
}

/** The types are anonymous, because koffi's names are one namespace for the whole process. */
export function defineStructs(): NativeStructs {
	return {
		modelParams: koffi.struct(fieldTypes(modelParamFields)),
		contextParams: koffi.struct(fieldTypes(contextParamFields)),
		batch: koffi.struct({
			n_tokens: "int32_t",
			token: "void *",
			embd: "void *",
			pos: "void *",
			n_seq_id: "void *",
			seq_id: "void *",
			logits: "void *",
		}),
		samplerChainParams: koffi.struct({ no_perf: "bool" }),
		ggmlInitParams: koffi.struct({
			mem_size: "size_t",
			mem_buffer: "void *",
			no_alloc: "bool",
		}),
	};
}

function fieldTypes(fields: FieldTable): Record<string, CType> {
	return Object.fromEntries(
		Object.entries(fields).map(([name, [type]]) => [name, type]),
	);
}

/** The first field whose default differs from this release's, or null when all agree. */
export function differingDefault(
	fields: FieldTable,
	actual: Readonly<Record<string, unknown>>,
): string | null {
	for (const [name, [, expected]] of Object.entries(fields)) {
		if (actual[name] !== expected) return name;
	}
	return null;
}
