import type { GgufWriterValue } from "../gguf-writer.ts";
import type { ModelConfig } from "./model-config.ts";

/** How one family of models becomes a GGUF: tables, and the few things that need a function. */
export interface ModelFamily {
	/** Class names in transformers (`architectures` of config.json). */
	architectures: readonly string[];
	/** `general.architecture`. */
	ggufArchitecture: string;
	/** Names inside a layer, without `.weight` or `.bias`; each weight must be there. */
	layerTensors: Readonly<Record<string, string>>;
	/** Instead of `mlp.*` in models with experts; `*` stands for the expert's number, its tensors are stacked. */
	experts?: Readonly<Record<string, string>>;
	/**
	 * Rotary pairs lie half a head apart in transformers, side by side in the engine's `llama` kind of rotation: rows of
	 * queries and keys change places.
	 */
	permutesRotaryRows: boolean;
	/** transformers multiplies by 1 + weight, the engine by weight. */
	addsOneToNorms: boolean;
	/** Whether the engine takes the token embedding as output matrix, always, never, or when there is no other. */
	tiedOutput: "always" | "never" | "optional";
	/** Dimensions of a head that rotate. */
	rotatedLength?(config: ModelConfig): number;
	/** Keys beyond those that every family has, without their architecture. Throws GalleyError for what can't be computed. */
	metadata?(config: ModelConfig): Map<string, GgufWriterValue>;
	/** What the converted model does otherwise than the original. */
	warnings?(config: ModelConfig): string[];
}

const attention = {
	"self_attn.q_proj": "attn_q",
	"self_attn.k_proj": "attn_k",
	"self_attn.v_proj": "attn_v",
	"self_attn.o_proj": "attn_output",
};
const feedForward = {
	"mlp.gate_proj": "ffn_gate",
	"mlp.up_proj": "ffn_up",
	"mlp.down_proj": "ffn_down",
};
const normsBefore = {
	input_layernorm: "attn_norm",
	post_attention_layernorm: "ffn_norm",
};
const headNorms = {
	"self_attn.q_norm": "attn_q_norm",
	"self_attn.k_norm": "attn_k_norm",
};

/** Layers as Llama has them: what most families vary. */
export const llamaLayers = { ...normsBefore, ...attention, ...feedForward };
export const headNormLayers = { ...llamaLayers, ...headNorms };
/** A norm before and one after each half. */
export const gemmaLayers = {
	...attention,
	...feedForward,
	input_layernorm: "attn_norm",
	post_attention_layernorm: "post_attention_norm",
	pre_feedforward_layernorm: "ffn_norm",
	post_feedforward_layernorm: "post_ffw_norm",
};
export const headNormGemmaLayers = { ...gemmaLayers, ...headNorms };
/** Norms after each half alone. */
export const normsAfterLayers = {
	...attention,
	...feedForward,
	...headNorms,
	post_attention_layernorm: "post_attention_norm",
	post_feedforward_layernorm: "post_ffw_norm",
};
export const fusedLayers = {
	...normsBefore,
	"self_attn.qkv_proj": "attn_qkv",
	"self_attn.o_proj": "attn_output",
	"mlp.gate_up_proj": "ffn_up",
	"mlp.down_proj": "ffn_down",
};
export const mixtralExperts = {
	"block_sparse_moe.gate": "ffn_gate_inp",
	"block_sparse_moe.experts.*.w1": "ffn_gate_exps",
	"block_sparse_moe.experts.*.w2": "ffn_down_exps",
	"block_sparse_moe.experts.*.w3": "ffn_up_exps",
};
export const qwenExperts = {
	"mlp.gate": "ffn_gate_inp",
	"mlp.experts.*.gate_proj": "ffn_gate_exps",
	"mlp.experts.*.up_proj": "ffn_up_exps",
	"mlp.experts.*.down_proj": "ffn_down_exps",
};

/** The table of a layer for this config: with experts `mlp.*` is replaced. */
export function layerTableOf(
	family: ModelFamily,
	expertCount: number,
): Readonly<Record<string, string>> {
	if (family.experts === undefined || expertCount === 0)
		return family.layerTensors;
	const dense = Object.entries(family.layerTensors).filter(
		([name]) => !name.startsWith("mlp."),
	);
	return { ...Object.fromEntries(dense), ...family.experts };
}
