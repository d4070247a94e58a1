import { join } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import {
	isObject,
	type JsonObject,
	readJsonFile,
} from "../../models/conversion/json-file.ts";

/** `adapter_config.json` of PEFT, as far as it says how strongly which module works. */
export interface PeftConfig {
	path: string;
	rank: number;
	alpha: number;
	/** Alpha / sqrt(rank) instead of alpha / rank (https://arxiv.org/abs/2312.03732). */
	isRankStabilized: boolean;
	/** Own alphas of modules, by the end of their names. */
	alphaPattern: ReadonlyMap<string, number>;
	targetModules: readonly string[];
	baseModel: string | null;
}

type Refusal = [
	isPresent: (values: JsonObject) => boolean,
	what: string,
	advice: string,
];

const isFilled = (value: unknown) =>
	value !== null &&
	value !== undefined &&
	value !== false &&
	!(Array.isArray(value) && value.length === 0) &&
	!(isObject(value) && Object.keys(value).length === 0);

const mergeAdvice =
	"merge it in Python (merge_and_unload), save the model and convert that";

/** What a GGUF adapter, two matrices a module, can't say. */
const refusals: readonly Refusal[] = [
	[
		(values) => isFilled(values.use_dora),
		"uses DoRA (use_dora), whose magnitudes the engine doesn't compute",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.bias) && values.bias !== "none",
		"trains biases (bias), which a GGUF adapter can't hold",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.lora_bias),
		"has biases of its own (lora_bias), which a GGUF adapter can't hold",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.modules_to_save),
		"holds whole modules (modules_to_save), which a GGUF adapter can't",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.trainable_token_indices),
		"trains single tokens (trainable_token_indices), which a GGUF adapter can't hold",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.target_parameters),
		"adapts parameters by name (target_parameters), experts most likely, which Galley doesn't convert",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.layer_replication),
		"repeats layers (layer_replication), which the base model hasn't",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.fan_in_fan_out),
		"was made for weights stored the other way round (fan_in_fan_out)",
		"train it on a model with linear layers",
	],
	[
		(values) => isFilled(values.use_qalora),
		"uses QA-LoRA (use_qalora), which the engine doesn't compute",
		mergeAdvice,
	],
	[
		(values) => isFilled(values.alora_invocation_tokens),
		"works behind an invocation alone (alora_invocation_tokens), which Galley doesn't serve",
		"train it as a plain LoRA",
	],
	[
		(values) =>
			typeof values.init_lora_weights === "string" &&
			/^(pissa|olora|corda|loftq)/i.test(values.init_lora_weights),
		"belongs to base weights that its start changed (init_lora_weights)",
		"save it with path_initial_model_for_weight_conversion, which makes a plain LoRA of it",
	],
];

/** Throws GalleyError: `model_not_found` without the file, `model_unusable` that names what can't be converted. */
export async function readPeftConfig(directory: string): Promise<PeftConfig> {
	const path = join(directory, "adapter_config.json");
	const values = await readJsonFile(directory, "adapter_config.json");
	if (values === null)
		throw new GalleyError(
			"model_not_found",
			`"${directory}" has no adapter_config.json; name a directory as PEFT's save_pretrained writes it.`,
		);
	if (values.peft_type !== "LORA")
		throw unusable(
			path,
			`is of kind ${JSON.stringify(values.peft_type ?? null)}; Galley serves LORA adapters`,
		);
	for (const [isPresent, what, advice] of refusals)
		if (isPresent(values)) throw unusable(path, `${what}; ${advice}`);
	const { r: rank, lora_alpha: alpha } = values;
	if (typeof rank !== "number" || !Number.isSafeInteger(rank) || rank < 1)
		throw unusable(path, `gives the rank "r" as ${JSON.stringify(rank)}`);
	if (typeof alpha !== "number" || !Number.isFinite(alpha) || alpha === 0)
		throw unusable(path, `gives "lora_alpha" as ${JSON.stringify(alpha)}`);
	const targets = values.target_modules;
	const base = values.base_model_name_or_path;
	return {
		path,
		rank,
		alpha,
		isRankStabilized: values.use_rslora === true,
		alphaPattern: readPattern(path, values.alpha_pattern),
		targetModules: (Array.isArray(targets) ? targets : [targets]).filter(
			(item): item is string => typeof item === "string",
		),
		baseModel: typeof base === "string" && base !== "" ? base : null,
	};
}

/** How strongly a module works: what its two matrices' product is multiplied by. */
export function moduleScale(
	config: PeftConfig,
	module: string,
	rank: number,
): number {
	let alpha = config.alpha;
	for (const [key, own] of config.alphaPattern) {
		const isWhole = key.startsWith("^");
		const name = isWhole ? key.slice(1) : key;
		if (module === name || (!isWhole && module.endsWith(`.${name}`))) {
			alpha = own;
			break;
		}
	}
	return alpha / (config.isRankStabilized ? Math.sqrt(rank) : rank);
}

/** PEFT takes regular expressions as keys; names are what people write, and a stranger's expression is not run here. */
function readPattern(
	path: string,
	pattern: unknown,
): ReadonlyMap<string, number> {
	const result = new Map<string, number>();
	for (const [key, value] of Object.entries(isObject(pattern) ? pattern : {})) {
		if (!/^\^?[\w.]+$/.test(key) || typeof value !== "number")
			throw unusable(
				path,
				`gives an alpha by the expression ${JSON.stringify(key)} (alpha_pattern); write the module's name`,
			);
		result.set(key, value);
	}
	return result;
}

function unusable(path: string, what: string): GalleyError {
	return new GalleyError("model_unusable", `"${path}" ${what}.`);
}
