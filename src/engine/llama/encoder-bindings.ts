import type { Pointer } from "./structs.ts";

/** The part of the C seam that is about embedding and reranking models; see `bindings.ts`. */
export interface EncoderSignatures {
	llama_model_n_embd_out(model: Pointer): number;
	llama_model_n_cls_out(model: Pointer): number;
	llama_pooling_type(context: Pointer): number;
	llama_max_parallel_sequences(): number;
	/** Null where the context doesn't pool. */
	llama_get_embeddings_seq(context: Pointer, sequence: number): Pointer | null;
}

const p = "void *";

export const encoderDeclarations = {
	llama_model_n_embd_out: ["int32_t", p],
	llama_model_n_cls_out: ["uint32_t", p],
	llama_pooling_type: ["int", p],
	llama_max_parallel_sequences: ["size_t"],
	llama_get_embeddings_seq: [p, p, "int32_t"],
} as const satisfies Record<
	keyof EncoderSignatures,
	readonly [string, ...string[]]
>;
