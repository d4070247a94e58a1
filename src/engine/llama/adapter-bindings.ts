import type { Pointer } from "./structs.ts";

/** The part of the C seam that is about LoRA adapters; see `bindings.ts`. */
export interface AdapterSignatures {
	llama_adapter_lora_init(model: Pointer, path: string): Pointer | null;
	llama_adapter_lora_free(adapter: Pointer): void;
	llama_adapter_get_alora_n_invocation_tokens(
		adapter: Pointer,
	): number | bigint;
	llama_set_adapters_lora(
		context: Pointer,
		adapters: readonly Pointer[],
		count: number,
		scales: Float32Array,
	): number;
}

const p = "void *";

export const adapterDeclarations = {
	llama_adapter_lora_init: [p, p, "str"],
	llama_adapter_lora_free: ["void", p],
	llama_adapter_get_alora_n_invocation_tokens: ["uint64_t", p],
	llama_set_adapters_lora: ["int32_t", p, "void **", "size_t", p],
} as const satisfies Record<
	keyof AdapterSignatures,
	readonly [string, ...string[]]
>;
