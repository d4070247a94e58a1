import type { GgufWriterValue } from "../gguf-writer.ts";
import { float32, uint32 } from "./metadata-values.ts";
import type { ModelConfig } from "./model-config.ts";
import type { ModelFamily } from "./model-family.ts";
import { scaleRotary } from "./rotary-scaling.ts";

export interface ModelMetadata {
	/** `<architecture>.*`. */
	values: Map<string, GgufWriterValue>;
	/** Tensors that come from the config. */
	tensors: Map<string, Float32Array>;
}

/** The hyperparameters that every family has, and the family's own. */
export function describeHyperparameters(
	config: ModelConfig,
	family: ModelFamily,
	vocabularySize: number,
): ModelMetadata {
	refuseQuantized(config);
	refuseOtherActivations(config);
	const rotatedLength = family.rotatedLength?.(config) ?? config.headLength;
	const scaling = scaleRotary(config, rotatedLength);
	const keys = new Map<string, GgufWriterValue>([
		["vocab_size", uint32(vocabularySize)],
		["block_count", uint32(config.count("num_hidden_layers"))],
		["context_length", uint32(config.count("max_position_embeddings"))],
		["embedding_length", uint32(config.count("hidden_size"))],
		["feed_forward_length", uint32(config.count("intermediate_size"))],
		["attention.head_count", uint32(config.count("num_attention_heads"))],
		["attention.head_count_kv", uint32(config.keyValueHeads)],
		[
			"attention.layer_norm_rms_epsilon",
			float32(config.number("rms_norm_eps")),
		],
		["rope.dimension_count", uint32(rotatedLength)],
		["rope.freq_base", float32(config.rotary().theta ?? 10_000)],
	]);
	if (config.optionalCount("head_dim") !== null) {
		keys.set("attention.key_length", uint32(config.headLength));
		keys.set("attention.value_length", uint32(config.headLength));
	}
	for (const [key, value] of scaling.values) keys.set(key, value);
	for (const [key, value] of family.metadata?.(config) ?? [])
		keys.set(key, value);
	const values = new Map<string, GgufWriterValue>();
	for (const [key, value] of keys)
		values.set(`${family.ggufArchitecture}.${key}`, value);
	return { values, tensors: scaling.tensors };
}

function refuseQuantized(config: ModelConfig): void {
	const quantization = config.values.quantization_config;
	if (typeof quantization !== "object" || quantization === null) return;
	const method =
		"quant_method" in quantization ? String(quantization.quant_method) : "";
	throw config.unusable(
		`says that the weights are quantised already${method === "" ? "" : ` (${method})`}; convert the original model, or get a GGUF file`,
	);
}

/** Silu in most families, gelu with tanh in Gemma: the engine fixes it by architecture. */
function refuseOtherActivations(config: ModelConfig): void {
	const stated = config.values.hidden_activation ?? config.values.hidden_act;
	if (typeof stated !== "string") return;
	const isGemma = config.architecture.startsWith("Gemma");
	// Early Gemma configs say "gelu" and mean the one with tanh.
	const known = isGemma ? ["gelu_pytorch_tanh", "gelu"] : ["silu", "swish"];
	if (!known.includes(stated))
		throw config.unusable(
			`uses the activation "${stated}"; the engine computes this architecture with ${known[0]}`,
		);
}
