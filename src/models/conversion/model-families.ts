import { GalleyError } from "../../core/errors.ts";
import type { GgufWriterValue } from "../gguf-writer.ts";
import { flags, float32, uint32 } from "./metadata-values.ts";
import type { ModelConfig } from "./model-config.ts";
import {
	fusedLayers,
	gemmaLayers,
	headNormGemmaLayers,
	headNormLayers,
	llamaLayers,
	type ModelFamily,
	mixtralExperts,
	normsAfterLayers,
	qwenExperts,
} from "./model-family.ts";

const plain = {
	layerTensors: llamaLayers,
	permutesRotaryRows: false,
	addsOneToNorms: false,
	tiedOutput: "optional",
} as const;

/** Names, keys and defaults as llama.cpp v0.5.0 reads them (its `src/models/*.cpp`). */
export const modelFamilies: readonly ModelFamily[] = [
	{
		...plain,
		architectures: [
			"LlamaForCausalLM",
			"LLaMAForCausalLM",
			"MistralForCausalLM",
			"MixtralForCausalLM",
		],
		ggufArchitecture: "llama",
		experts: mixtralExperts,
		permutesRotaryRows: true,
		metadata: expertCounts,
		warnings: (config) =>
			config.architecture === "MistralForCausalLM"
				? ignoredWindow(config, config.optionalCount("sliding_window"))
				: [],
	},
	{
		...plain,
		architectures: ["Qwen2ForCausalLM"],
		ggufArchitecture: "qwen2",
		warnings: ignoredQwenWindow,
	},
	{
		...plain,
		architectures: ["Qwen3ForCausalLM"],
		ggufArchitecture: "qwen3",
		layerTensors: headNormLayers,
		warnings: ignoredQwenWindow,
	},
	{
		...plain,
		architectures: ["Qwen3MoeForCausalLM"],
		ggufArchitecture: "qwen3moe",
		layerTensors: headNormLayers,
		experts: qwenExperts,
		metadata: qwenExpertCounts,
		warnings: ignoredQwenWindow,
	},
	{
		...plain,
		architectures: ["GemmaForCausalLM"],
		ggufArchitecture: "gemma",
		addsOneToNorms: true,
		tiedOutput: "always",
		metadata: headLengths,
	},
	{
		...plain,
		architectures: ["Gemma2ForCausalLM"],
		ggufArchitecture: "gemma2",
		layerTensors: gemmaLayers,
		addsOneToNorms: true,
		tiedOutput: "always",
		metadata: gemma2Metadata,
	},
	{
		...plain,
		architectures: ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
		ggufArchitecture: "gemma3",
		layerTensors: headNormGemmaLayers,
		addsOneToNorms: true,
		metadata: gemma3Metadata,
		warnings: (config) =>
			config.architecture === "Gemma3ForConditionalGeneration"
				? ["The text part alone was converted: the result doesn't see images."]
				: [],
	},
	{
		...plain,
		architectures: ["Phi3ForCausalLM"],
		ggufArchitecture: "phi3",
		layerTensors: fusedLayers,
		rotatedLength: phiRotatedLength,
		metadata: phiMetadata,
		warnings: (config) =>
			ignoredWindow(config, config.optionalCount("sliding_window")),
	},
	{
		...plain,
		architectures: ["GraniteForCausalLM"],
		ggufArchitecture: "granite",
		permutesRotaryRows: true,
		metadata: graniteMetadata,
	},
	{
		...plain,
		architectures: ["SmolLM3ForCausalLM"],
		ggufArchitecture: "smollm3",
		permutesRotaryRows: true,
		metadata: smolMetadata,
	},
	{
		...plain,
		architectures: ["Olmo2ForCausalLM"],
		ggufArchitecture: "olmo2",
		layerTensors: normsAfterLayers,
		tiedOutput: "never",
	},
];

/** Throws GalleyError `model_unusable` that names the architecture and what is supported. */
export function familyOf(config: ModelConfig): ModelFamily {
	const family = modelFamilies.find((candidate) =>
		candidate.architectures.includes(config.architecture),
	);
	if (family !== undefined) return family;
	const supported = modelFamilies
		.flatMap((candidate) => candidate.architectures)
		.join(", ");
	throw new GalleyError(
		"model_unusable",
		`"${config.path}" is of architecture "${config.architecture || "unknown"}", which Galley doesn't convert. ` +
			`It converts ${supported}; for others get a GGUF file of the model.`,
	);
}

function expertCounts(config: ModelConfig): Map<string, GgufWriterValue> {
	const count = config.optionalCount("num_local_experts");
	const used = config.optionalCount("num_experts_per_tok");
	if (count === null || used === null) return new Map();
	return new Map([
		["expert_count", uint32(count)],
		["expert_used_count", uint32(used)],
	]);
}

function qwenExpertCounts(config: ModelConfig): Map<string, GgufWriterValue> {
	const dense = config.values.mlp_only_layers;
	if (
		(Array.isArray(dense) && dense.length > 0) ||
		(config.optionalCount("decoder_sparse_step") ?? 1) !== 1
	)
		throw config.unusable(
			"mixes layers with and without experts, which the engine doesn't compute",
		);
	if (config.values.norm_topk_prob === false)
		throw config.unusable(
			"leaves its experts' weights as they are (norm_topk_prob), which the engine doesn't compute",
		);
	return new Map([
		[
			"expert_count",
			uint32(
				config.optionalCount("num_local_experts") ??
					config.count("num_experts"),
			),
		],
		["expert_used_count", uint32(config.count("num_experts_per_tok"))],
		[
			"expert_feed_forward_length",
			uint32(config.count("moe_intermediate_size")),
		],
	]);
}

function headLengths(config: ModelConfig): Map<string, GgufWriterValue> {
	return new Map([
		["attention.key_length", uint32(config.headLength)],
		["attention.value_length", uint32(config.headLength)],
	]);
}

function gemma2Metadata(config: ModelConfig): Map<string, GgufWriterValue> {
	checkQueryScale(config, 46);
	const layers = config.count("num_hidden_layers");
	return new Map([
		...headLengths(config),
		[
			"attn_logit_softcapping",
			float32(config.number("attn_logit_softcapping")),
		],
		[
			"final_logit_softcapping",
			float32(config.number("final_logit_softcapping")),
		],
		...slidingWindow(
			config,
			Array.from({ length: layers }, (_, layer) => layer % 2 === 0),
		),
	]);
}

function gemma3Metadata(config: ModelConfig): Map<string, GgufWriterValue> {
	checkQueryScale(config, 62);
	if (config.optionalNumber("attn_logit_softcapping") !== null)
		throw config.unusable(
			"caps its attention's logits, which the engine doesn't compute",
		);
	const layers = config.count("num_hidden_layers");
	const pattern =
		config.optionalCount("sliding_window_pattern") ??
		config.optionalCount("_sliding_window_pattern") ??
		6;
	const values = new Map([
		...headLengths(config),
		...slidingWindow(
			config,
			Array.from({ length: layers }, (_, layer) => (layer + 1) % pattern !== 0),
		),
		[
			"rope.freq_base_swa",
			float32(config.rotary("sliding").theta ?? 10_000),
		] as const,
	]);
	const cap = config.optionalNumber("final_logit_softcapping");
	if (cap !== null) values.set("final_logit_softcapping", float32(cap));
	return values;
}

/** The engine divides by the root of the head's length, and for the model of 27B by that of width / heads. */
function checkQueryScale(config: ModelConfig, layersOfLargest: number): void {
	const scalar = config.optionalNumber("query_pre_attn_scalar");
	const expected =
		config.count("num_hidden_layers") === layersOfLargest
			? Math.floor(
					config.count("hidden_size") / config.count("num_attention_heads"),
				)
			: config.headLength;
	if (scalar !== null && scalar !== expected)
		throw config.unusable(
			`scales queries by ${scalar} (query_pre_attn_scalar); the engine computes with ${expected}`,
		);
}

function slidingWindow(
	config: ModelConfig,
	usual: readonly boolean[],
): [string, GgufWriterValue][] {
	const window = config.optionalCount("sliding_window");
	if (window === null) return [];
	const layers = config.slidingLayers ?? usual;
	if (layers.length !== usual.length)
		throw config.unusable(
			`has ${usual.length} layers, but "layer_types" has ${layers.length}`,
		);
	return [
		["attention.sliding_window", uint32(window)],
		["attention.sliding_window_pattern", flags(layers)],
	];
}

function phiRotatedLength(config: ModelConfig): number {
	const part =
		config.rotary().values.partial_rotary_factor ??
		config.values.partial_rotary_factor;
	return Math.floor(config.headLength * (typeof part === "number" ? part : 1));
}

function phiMetadata(config: ModelConfig): Map<string, GgufWriterValue> {
	// 0 tells the engine that this is no Phi-3 with a window, whose file would lack the key.
	const values = new Map<string, GgufWriterValue>([
		[
			"attention.sliding_window",
			uint32(config.optionalCount("sliding_window") ?? 0),
		],
	]);
	const original = config.optionalCount("original_max_position_embeddings");
	if (original !== null)
		values.set("rope.scaling.original_context_length", uint32(original));
	return values;
}

function graniteMetadata(config: ModelConfig): Map<string, GgufWriterValue> {
	return new Map([
		["attention.scale", float32(config.number("attention_multiplier"))],
		["embedding_scale", float32(config.number("embedding_multiplier"))],
		["residual_scale", float32(config.number("residual_multiplier"))],
		["logit_scale", float32(config.number("logits_scaling"))],
	]);
}

/** The engine leaves every fourth layer without rotation. */
function smolMetadata(config: ModelConfig): Map<string, GgufWriterValue> {
	const rotated = config.values.no_rope_layers;
	const isUsual =
		!Array.isArray(rotated) ||
		rotated.every((on, layer) => on === ((layer + 1) % 4 === 0 ? 0 : 1));
	if (!isUsual)
		throw config.unusable(
			"rotates other layers than SmolLM3 does (no_rope_layers), which the engine doesn't compute",
		);
	return new Map();
}

function ignoredQwenWindow(config: ModelConfig): string[] {
	return config.values.use_sliding_window === true
		? ignoredWindow(config, config.optionalCount("sliding_window"))
		: [];
}

function ignoredWindow(config: ModelConfig, window: number | null): string[] {
	const length = config.count("max_position_embeddings");
	if (window === null || window >= length) return [];
	return [
		`The original looks back ${window} tokens at most, the engine over the whole context: beyond ${window} tokens answers differ.`,
	];
}
