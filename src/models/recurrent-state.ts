/**
 * Bytes that the recurrent layers of a model keep for one sequence, in 32-bit floats, as llama.cpp v0.5.0 reckons
 * (`n_embd_r` and `n_embd_s` of src/llama-hparams.cpp):
 *
 *     RWKV        a layer's token shifts (2 x width), and width x head size
 *     Mamba       (kernel - 1) x (inner + 2 x groups x state), and state x inner
 *     short convolutions (LFM2)     (kernel - 1) x width
 *
 * In hybrid models it is the layers without keys and values that keep a state; in others all do.
 */
export function recurrentState(
	model: {
		embeddingLength: number;
		layers: number;
		kvHeads: readonly number[];
	},
	of: (key: string) => number | null,
): { recurrentStateBytes?: number } {
	const floats = floatsOfLayer(model.embeddingLength, of);
	if (floats === 0) return {};
	const attending = model.kvHeads.filter((heads) => heads > 0).length;
	const recurrent =
		attending === model.kvHeads.length || attending === 0
			? model.layers
			: model.kvHeads.length - attending;
	return { recurrentStateBytes: 4 * floats * recurrent };
}

function floatsOfLayer(
	width: number,
	of: (key: string) => number | null,
): number {
	const headSize = of("wkv.head_size");
	if (headSize !== null)
		return (of("token_shift_count") ?? 2) * width + width * headSize;
	const kernel = of("shortconv.l_cache");
	if (kernel !== null) return (kernel - 1) * width;
	const state = of("ssm.state_size");
	if (state === null) return 0;
	const inner = of("ssm.inner_size") ?? 2 * width;
	const groups = of("ssm.group_count") ?? 0;
	const convolution = Math.max(0, (of("ssm.conv_kernel") ?? 4) - 1);
	return convolution * (inner + 2 * groups * state) + state * inner;
}
