import type { KoffiFunc, LibraryHandle, TypeObject } from "koffi";
import {
	type AdapterSignatures,
	adapterDeclarations,
} from "./adapter-bindings.ts";
import {
	type EncoderSignatures,
	encoderDeclarations,
} from "./encoder-bindings.ts";
import {
	defineStructs,
	type NativeBatchStruct,
	type NativeContextParams,
	type NativeModelParams,
	type NativeStructs,
	type Pointer,
} from "./structs.ts";
import {
	type VocabularySignatures,
	vocabularyDeclarations,
} from "./vocabulary-bindings.ts";

/** The whole C seam: every native function that Galley calls, under its C name, with its types. */

export interface NativeLibraries {
	llama: LibraryHandle;
	ggml: LibraryHandle;
	ggmlBase: LibraryHandle;
}

/** Memory that JavaScript owns, given to a function for the length of one call. */
type Bytes = Uint8Array | Int32Array | Float32Array | BigUint64Array;

interface Signatures
	extends AdapterSignatures,
		EncoderSignatures,
		VocabularySignatures {
	// the process
	llama_version(): string;
	llama_backend_init(): void;
	llama_log_set(callback: Pointer, userData: Pointer | null): void;
	llama_log_get(callback: BigUint64Array, userData: BigUint64Array): void;
	ggml_backend_load_all_from_path(folder: string): void;
	ggml_backend_reg_count(): number;

	// devices
	ggml_backend_dev_count(): number;
	ggml_backend_dev_get(index: number): Pointer;
	ggml_backend_dev_name(device: Pointer): string;
	ggml_backend_dev_description(device: Pointer): string;
	ggml_backend_dev_type(device: Pointer): number;
	ggml_backend_dev_memory(
		device: Pointer,
		free: BigUint64Array,
		total: BigUint64Array,
	): void;
	ggml_backend_dev_backend_reg(device: Pointer): Pointer | null;
	ggml_backend_reg_get_proc_address(
		registry: Pointer,
		name: string,
	): Pointer | null;

	// compute threads and the abort flag
	ggml_threadpool_params_init(params: Uint8Array, threads: number): void;
	ggml_init(params: {
		mem_size: number;
		mem_buffer: Pointer | null;
		no_alloc: boolean;
	}): Pointer | null;
	ggml_free(context: Pointer): void;
	ggml_set_no_alloc(context: Pointer, value: boolean): void;
	ggml_get_no_alloc(context: Pointer): boolean;

	// models
	llama_model_default_params(): NativeModelParams;
	llama_model_load_from_file(
		path: string,
		params: NativeModelParams,
	): Pointer | null;
	llama_model_free(model: Pointer): void;
	llama_model_get_vocab(model: Pointer): Pointer;
	llama_model_n_ctx_train(model: Pointer): number;
	llama_model_n_swa(model: Pointer): number;
	llama_model_size(model: Pointer): number | bigint;
	llama_ftype_name(type: number): string;
	llama_model_chat_template(model: Pointer, name: string | null): string | null;
	llama_model_has_encoder(model: Pointer): boolean;
	llama_model_has_decoder(model: Pointer): boolean;
	llama_model_is_recurrent(model: Pointer): boolean;
	llama_model_is_hybrid(model: Pointer): boolean;
	llama_model_is_diffusion(model: Pointer): boolean;
	llama_model_meta_count(model: Pointer): number;
	llama_model_meta_key_by_index(
		model: Pointer,
		index: number,
		buffer: Uint8Array,
		size: number,
	): number;
	llama_model_meta_val_str_by_index(
		model: Pointer,
		index: number,
		buffer: Uint8Array,
		size: number,
	): number;

	// contexts
	llama_context_default_params(): NativeContextParams;
	llama_init_from_model(
		model: Pointer,
		params: NativeContextParams,
	): Pointer | null;
	llama_free(context: Pointer): void;
	llama_n_ctx(context: Pointer): number;
	llama_n_ctx_seq(context: Pointer): number;
	llama_n_batch(context: Pointer): number;
	llama_set_n_threads(
		context: Pointer,
		threads: number,
		threadsBatch: number,
	): void;
	llama_attach_threadpool(
		context: Pointer,
		pool: Pointer,
		poolBatch: Pointer | null,
	): void;
	llama_detach_threadpool(context: Pointer): void;
	llama_decode(context: Pointer, batch: NativeBatchStruct): number;
	llama_synchronize(context: Pointer): void;
	llama_get_logits(context: Pointer): Pointer | null;

	// memory
	llama_get_memory(context: Pointer): Pointer | null;
	llama_memory_clear(memory: Pointer, data: boolean): void;
	llama_memory_seq_rm(
		memory: Pointer,
		sequence: number,
		from: number,
		end: number,
	): boolean;
	llama_memory_seq_cp(
		memory: Pointer,
		source: number,
		target: number,
		from: number,
		end: number,
	): void;
	llama_memory_seq_pos_min(memory: Pointer, sequence: number): number;
	llama_memory_seq_pos_max(memory: Pointer, sequence: number): number;
	llama_state_seq_get_size(context: Pointer, sequence: number): number | bigint;
	llama_state_seq_get_data(
		context: Pointer,
		buffer: Uint8Array,
		size: number,
		sequence: number,
	): number | bigint;
	llama_state_seq_set_data(
		context: Pointer,
		bytes: Uint8Array,
		size: number,
		sequence: number,
	): number | bigint;

	// samplers
	llama_sampler_chain_init(params: { no_perf: boolean }): Pointer;
	llama_sampler_chain_add(chain: Pointer, sampler: Pointer): void;
	llama_sampler_free(sampler: Pointer): void;
	llama_sampler_accept(sampler: Pointer, token: number): void;
	llama_sampler_sample(
		sampler: Pointer,
		context: Pointer,
		batchIndex: number,
	): number;
	llama_sampler_init_greedy(): Pointer;
	llama_sampler_init_dist(seed: number): Pointer;
	llama_sampler_init_temp(temperature: number): Pointer;
	llama_sampler_init_top_k(k: number): Pointer;
	llama_sampler_init_top_p(p: number, minKeep: number): Pointer;
	llama_sampler_init_min_p(p: number, minKeep: number): Pointer;
	llama_sampler_init_typical(p: number, minKeep: number): Pointer;
	llama_sampler_init_penalties(
		vocabularySize: number,
		lastTokens: number,
		repetition: number,
		frequency: number,
		presence: number,
	): Pointer;
	llama_sampler_init_dry(
		vocabulary: Pointer,
		multiplier: number,
		base: number,
		allowedLength: number,
		lastTokens: number,
		breakers: readonly string[],
		breakerCount: number,
	): Pointer;
	llama_sampler_init_logit_bias(
		vocabularySize: number,
		count: number,
		biases: Bytes,
	): Pointer;
}

export type NativeBindings = {
	readonly [Name in keyof Signatures]: KoffiFunc<Signatures[Name]>;
} & {
	readonly structs: NativeStructs;
	/** `ggml_get_no_alloc` as an address, for callers in native code: see `abort-flag.ts`. */
	readonly addressOfGetNoAlloc: Pointer;
	/** A native function without effect and arguments, for a log callback that nobody listens to. */
	readonly addressOfNoEffect: Pointer;
};

/** C types of each function: result first, then arguments. Pointers to JavaScript's memory are `void *` too. */
function declarations(
	structs: NativeStructs,
): Record<keyof Signatures, readonly [CSpec, ...CSpec[]]> {
	const p = "void *";
	const {
		modelParams,
		contextParams,
		batch,
		samplerChainParams,
		ggmlInitParams,
	} = structs;
	return {
		llama_version: ["str"],
		llama_backend_init: ["void"],
		llama_log_set: ["void", p, p],
		llama_log_get: ["void", p, p],
		ggml_backend_load_all_from_path: ["void", "str"],
		ggml_backend_reg_count: ["size_t"],

		ggml_backend_dev_count: ["size_t"],
		ggml_backend_dev_get: [p, "size_t"],
		ggml_backend_dev_name: ["str", p],
		ggml_backend_dev_description: ["str", p],
		ggml_backend_dev_type: ["int", p],
		ggml_backend_dev_memory: ["void", p, p, p],
		ggml_backend_dev_backend_reg: [p, p],
		ggml_backend_reg_get_proc_address: [p, p, "str"],

		ggml_threadpool_params_init: ["void", p, "int"],
		ggml_init: [p, ggmlInitParams],
		ggml_free: ["void", p],
		ggml_set_no_alloc: ["void", p, "bool"],
		ggml_get_no_alloc: ["bool", p],

		llama_model_default_params: [modelParams],
		llama_model_load_from_file: [p, "str", modelParams],
		llama_model_free: ["void", p],
		llama_model_get_vocab: [p, p],
		llama_model_n_ctx_train: ["int32_t", p],
		llama_model_n_swa: ["int32_t", p],
		llama_model_size: ["uint64_t", p],
		llama_ftype_name: ["str", "int"],
		llama_model_chat_template: ["str", p, "str"],
		llama_model_has_encoder: ["bool", p],
		llama_model_has_decoder: ["bool", p],
		llama_model_is_recurrent: ["bool", p],
		llama_model_is_hybrid: ["bool", p],
		llama_model_is_diffusion: ["bool", p],
		llama_model_meta_count: ["int32_t", p],
		llama_model_meta_key_by_index: ["int32_t", p, "int32_t", p, "size_t"],
		llama_model_meta_val_str_by_index: ["int32_t", p, "int32_t", p, "size_t"],

		...vocabularyDeclarations,

		llama_context_default_params: [contextParams],
		llama_init_from_model: [p, p, contextParams],
		llama_free: ["void", p],
		llama_n_ctx: ["uint32_t", p],
		llama_n_ctx_seq: ["uint32_t", p],
		llama_n_batch: ["uint32_t", p],
		llama_set_n_threads: ["void", p, "int32_t", "int32_t"],
		llama_attach_threadpool: ["void", p, p, p],
		llama_detach_threadpool: ["void", p],
		llama_decode: ["int32_t", p, batch],
		llama_synchronize: ["void", p],
		llama_get_logits: [p, p],

		...adapterDeclarations,
		...encoderDeclarations,

		llama_get_memory: [p, p],
		llama_memory_clear: ["void", p, "bool"],
		llama_memory_seq_rm: ["bool", p, "int32_t", "int32_t", "int32_t"],
		llama_memory_seq_cp: [
			"void",
			p,
			"int32_t",
			"int32_t",
			"int32_t",
			"int32_t",
		],
		llama_memory_seq_pos_min: ["int32_t", p, "int32_t"],
		llama_memory_seq_pos_max: ["int32_t", p, "int32_t"],
		llama_state_seq_get_size: ["size_t", p, "int32_t"],
		llama_state_seq_get_data: ["size_t", p, p, "size_t", "int32_t"],
		llama_state_seq_set_data: ["size_t", p, p, "size_t", "int32_t"],

		llama_sampler_chain_init: [p, samplerChainParams],
		llama_sampler_chain_add: ["void", p, p],
		llama_sampler_free: ["void", p],
		llama_sampler_accept: ["void", p, "int32_t"],
		llama_sampler_sample: ["int32_t", p, p, "int32_t"],
		llama_sampler_init_greedy: [p],
		llama_sampler_init_dist: [p, "uint32_t"],
		llama_sampler_init_temp: [p, "float"],
		llama_sampler_init_top_k: [p, "int32_t"],
		llama_sampler_init_top_p: [p, "float", "size_t"],
		llama_sampler_init_min_p: [p, "float", "size_t"],
		llama_sampler_init_typical: [p, "float", "size_t"],
		llama_sampler_init_penalties: [
			p,
			"int32_t",
			"int32_t",
			"float",
			"float",
			"float",
		],
		llama_sampler_init_dry: [
			p,
			p,
			"float",
			"float",
			"int32_t",
			"int32_t",
			"const char **",
			"size_t",
		],
		llama_sampler_init_logit_bias: [p, "int32_t", "int32_t", p],
	};
}

type CSpec = string | TypeObject;

/** The registry is in `ggml`, the rest of ggml's C API in `ggml-base`. */
const functionsOfGgml: ReadonlySet<string> = new Set([
	"ggml_backend_load_all_from_path",
	"ggml_backend_reg_count",
	"ggml_backend_dev_count",
	"ggml_backend_dev_get",
]);

/** Looks up every function now, so that a library that lacks one is refused before it is used. */
export function bindNative(libraries: NativeLibraries): NativeBindings {
	const structs = defineStructs();
	const functions = Object.entries(declarations(structs)).map(
		([name, [result, ...parameters]]) => {
			const library = name.startsWith("llama_")
				? libraries.llama
				: functionsOfGgml.has(name)
					? libraries.ggml
					: libraries.ggmlBase;
			return [name, library.func(name, result, [...parameters])] as const;
		},
	);
	return {
		...(Object.fromEntries(functions) as unknown as {
			[Name in keyof Signatures]: KoffiFunc<Signatures[Name]>;
		}),
		structs,
		addressOfGetNoAlloc: libraries.ggmlBase.symbol("ggml_get_no_alloc"),
		addressOfNoEffect: libraries.llama.symbol("llama_supports_mmap"),
	};
}
