import type { GgufWriterValue } from "../gguf-writer.ts";
import { float32, text, uint32 } from "./metadata-values.ts";
import type { ModelConfig, RotaryParameters } from "./model-config.ts";

/** What scaling adds to a file: keys without their architecture, and tensors of factors that divide the frequencies. */
export interface RotaryScaling {
	values: Map<string, GgufWriterValue>;
	tensors: Map<string, Float32Array>;
}

/** Throws GalleyError `model_unusable` for a kind that the engine would not compute. */
export function scaleRotary(
	config: ModelConfig,
	rotatedLength: number,
): RotaryScaling {
	const rotary = config.rotary();
	const values = new Map<string, GgufWriterValue>();
	const tensors = new Map<string, Float32Array>();
	const required = (key: string) => {
		const value = rotary.values[key];
		if (typeof value !== "number" || !Number.isFinite(value))
			throw config.unusable(`scales its positions without "${key}"`);
		return value;
	};
	switch (rotary.type) {
		case "default":
			break;
		case "linear":
			values.set("rope.scaling.type", text("linear"));
			values.set("rope.scaling.factor", float32(required("factor")));
			break;
		case "yarn": {
			values.set("rope.scaling.type", text("yarn"));
			values.set("rope.scaling.factor", float32(required("factor")));
			values.set(
				"rope.scaling.original_context_length",
				uint32(originalContextLength(config, rotary)),
			);
			const optional = {
				extrapolation_factor: "rope.scaling.yarn_ext_factor",
				attention_factor: "rope.scaling.yarn_attn_factor",
				beta_fast: "rope.scaling.yarn_beta_fast",
				beta_slow: "rope.scaling.yarn_beta_slow",
			};
			for (const [key, name] of Object.entries(optional)) {
				const value = rotary.values[key];
				if (typeof value === "number") values.set(name, float32(value));
			}
			break;
		}
		case "llama3":
			tensors.set(
				"rope_freqs.weight",
				llama3Factors(rotatedLength, rotary.theta ?? 10_000, {
					factor: required("factor"),
					low: required("low_freq_factor"),
					high: required("high_freq_factor"),
					contextLength: required("original_max_position_embeddings"),
				}),
			);
			break;
		case "longrope":
		case "su":
			addLongRotary(config, rotary, rotatedLength, values, tensors);
			break;
		default:
			throw config.unusable(
				`scales its positions by "${rotary.type}"; Galley converts default, linear, yarn, llama3 and longrope`,
			);
	}
	return { values, tensors };
}

/**
 * Llama 3.1's rule. Wavelengths shorter than the high bound stay, longer than the low bound are divided by `factor`, those
 * between are blended.
 */
function llama3Factors(
	length: number,
	theta: number,
	bounds: { factor: number; low: number; high: number; contextLength: number },
): Float32Array {
	const { factor, low, high, contextLength } = bounds;
	return Float32Array.from({ length: length / 2 }, (_, index) => {
		const wavelength = 2 * Math.PI * theta ** ((2 * index) / length);
		if (wavelength < contextLength / high) return 1;
		if (wavelength > contextLength / low) return factor;
		const smooth = (contextLength / wavelength - low) / (high - low);
		return 1 / ((1 - smooth) / factor + smooth);
	});
}

function addLongRotary(
	config: ModelConfig,
	rotary: RotaryParameters,
	length: number,
	values: Map<string, GgufWriterValue>,
	tensors: Map<string, Float32Array>,
): void {
	const original = originalContextLength(config, rotary);
	const scale = config.count("max_position_embeddings") / original;
	const stated = rotary.values.attention_factor;
	const attention =
		typeof stated === "number"
			? stated
			: scale > 1
				? Math.sqrt(1 + Math.log(scale) / Math.log(original))
				: 1;
	values.set("rope.scaling.type", text("longrope"));
	values.set("rope.scaling.original_context_length", uint32(original));
	values.set("rope.scaling.attn_factor", float32(attention));
	for (const kind of ["long", "short"]) {
		const factors = rotary.values[`${kind}_factor`];
		if (
			!Array.isArray(factors) ||
			factors.length !== length / 2 ||
			!factors.every((factor) => typeof factor === "number")
		)
			throw config.unusable(
				`needs ${length / 2} numbers as "${kind}_factor" of its positions`,
			);
		tensors.set(`rope_factors_${kind}.weight`, Float32Array.from(factors));
	}
}

function originalContextLength(
	config: ModelConfig,
	rotary: RotaryParameters,
): number {
	const own = rotary.values.original_max_position_embeddings;
	return typeof own === "number"
		? own
		: (config.optionalCount("original_max_position_embeddings") ??
				config.count("max_position_embeddings"));
}
