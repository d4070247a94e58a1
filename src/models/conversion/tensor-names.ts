/** `model.layers.3.self_attn.q_proj.weight` taken apart. */
export interface WeightName {
	/** Null outside the layers. */
	layer: number | null;
	/** Inside the layer, or in the model: `self_attn.q_proj`, `embed_tokens`, `lm_head`. */
	module: string;
	/** `weight`, `bias`, or what else stands last. */
	kind: string;
}

/** Parts of models that see, and what is computed anew at each start. */
const ignored =
	/(^|\.)(vision_tower|vision_model|multi_modal_projector|audio_tower)\.|\.rotary_emb\.inv_freq$/;

export function isIgnoredWeight(name: string): boolean {
	return ignored.test(name);
}

/** Models that see keep their language model one level deeper, in either order. */
export function parseWeightName(name: string): WeightName | null {
	const plain = name
		.replace(/^model\.language_model\./, "model.")
		.replace(/^language_model\./, "");
	const match =
		/^(?:model\.)?(?:layers\.(\d{1,6})\.)?([\w.]+?)\.(weight|bias)$/.exec(
			plain,
		);
	const [, layer, module, kind] = match ?? [];
	if (module === undefined || kind === undefined) return null;
	return { layer: layer === undefined ? null : Number(layer), module, kind };
}

/** Outside the layers, for all families. */
export const modelTensors: Readonly<Record<string, string>> = {
	embed_tokens: "token_embd",
	norm: "output_norm",
	lm_head: "output",
};
