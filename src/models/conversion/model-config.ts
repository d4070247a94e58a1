import { GalleyError } from "../../core/errors.ts";
import { isObject, type JsonObject, objectOf } from "./json-file.ts";

/** Parameters of the rotary embedding, whichever way the config spells them. */
export interface RotaryParameters {
	/** `default`, `linear`, `dynamic`, `yarn`, `llama3`, `longrope`. */
	type: string;
	theta: number | null;
	values: JsonObject;
}

/** `config.json` of a language model; of one that sees, its text part. */
export class ModelConfig {
	readonly path: string;
	readonly values: JsonObject;
	/** Class name in transformers. */
	readonly architecture: string;

	constructor(path: string, config: JsonObject) {
		this.path = path;
		this.architecture = firstText(config.architectures);
		this.values = { ...config, ...objectOf(config.text_config) };
	}

	/** A whole number above 0; throws GalleyError `model_unusable` without it. */
	count(key: string): number {
		const value = this.optionalCount(key);
		if (value === null)
			throw this.unusable(`doesn't give "${key}" as a number above 0`);
		return value;
	}

	optionalCount(key: string): number | null {
		const value = this.values[key];
		if (value === undefined || value === null) return null;
		if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
			throw this.unusable(`gives "${key}" as ${JSON.stringify(value)}`);
		return value;
	}

	number(key: string): number {
		const value = this.optionalNumber(key);
		if (value === null) throw this.unusable(`doesn't give "${key}"`);
		return value;
	}

	optionalNumber(key: string): number | null {
		const value = this.values[key];
		return typeof value === "number" && Number.isFinite(value) ? value : null;
	}

	/** Length of one attention head. */
	get headLength(): number {
		return (
			this.optionalCount("head_dim") ??
			Math.floor(this.count("hidden_size") / this.count("num_attention_heads"))
		);
	}

	get keyValueHeads(): number {
		return (
			this.optionalCount("num_key_value_heads") ??
			this.count("num_attention_heads")
		);
	}

	get hasTiedEmbeddings(): boolean {
		return this.values.tie_word_embeddings === true;
	}

	/** For every layer whether its attention slides; null when the config has no such list. */
	get slidingLayers(): readonly boolean[] | null {
		const types = this.values.layer_types;
		if (!Array.isArray(types)) return null;
		return types.map((type) => type === "sliding_attention");
	}

	/**
	 * Of the layers with full attention, or of the sliding ones. Since transformers 5 `rope_parameters` holds all of it, flat or
	 * one entry a kind of layer; before that it was `rope_theta`, `rope_scaling` and, for sliding layers, `rope_local_base_freq`.
	 */
	rotary(layers: "full" | "sliding" = "full"): RotaryParameters {
		const { rope_parameters: parameters, rope_scaling: scaling } = this.values;
		if (isObject(parameters)) {
			const own = parameters[`${layers}_attention`];
			if (isObject(own)) return toRotary(own, null);
			const isSplit = isObject(parameters.full_attention);
			if (layers === "full" || !isSplit)
				return toRotary(parameters, this.optionalNumber("rope_theta"));
		}
		if (layers === "sliding")
			return toRotary({}, this.optionalNumber("rope_local_base_freq"));
		return toRotary(objectOf(scaling), this.optionalNumber("rope_theta"));
	}

	unusable(what: string): GalleyError {
		return new GalleyError("model_unusable", `"${this.path}" ${what}.`);
	}
}

function toRotary(values: JsonObject, theta: number | null): RotaryParameters {
	const type = values.rope_type ?? values.type;
	const own = values.rope_theta;
	return {
		type: typeof type === "string" ? type : "default",
		theta: typeof own === "number" ? own : theta,
		values,
	};
}

function firstText(value: unknown): string {
	const first = Array.isArray(value) ? value[0] : undefined;
	return typeof first === "string" ? first : "";
}
