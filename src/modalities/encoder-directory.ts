import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { GalleyError } from "../core/errors.ts";
import { type EncoderPrompts, promptsOf } from "./known-prompts.ts";
import { findOnnxVariants, type OnnxVariant } from "./onnx-variants.ts";

/** A folder as sentence-transformers and Optimum write them, read and understood. */
export interface EncoderDirectory {
	path: string;
	name: string;
	task: "embedding" | "ranking";
	architecture: string;
	/** Highest precision first. */
	variants: readonly OnnxVariant[];
	pooling: "cls" | "mean" | "max" | "last";
	isNormalized: boolean;
	prompts: EncoderPrompts;
	maxInputTokens: number;
	padToken: number;
	/** Of the whole vector; 0 where config.json doesn't say. */
	dimensions: number;
	trainedDimensions: readonly number[];
	license: string | null;
	/** Parsed `tokenizer.json` and `tokenizer_config.json`. */
	tokenizer: object;
	tokenizerConfig: object;
}

const configSchema = z.looseObject({
	architectures: z.array(z.string()).nullish(),
	model_type: z.string().nullish(),
	_name_or_path: z.string().nullish(),
	pad_token_id: z.number().int().nullish(),
	hidden_size: z.number().int().positive().nullish(),
	n_embd: z.number().int().positive().nullish(),
	max_position_embeddings: z.number().int().nullish(),
	// Nomic's
	n_positions: z.number().int().nullish(),
	max_trained_positions: z.number().int().nullish(),
	matryoshka_dimensions: z.array(z.number().int().positive()).nullish(),
	id2label: z.record(z.string(), z.unknown()).nullish(),
	license: z.string().nullish(),
});

const modulesSchema = z.array(
	z.looseObject({ path: z.string(), type: z.string() }),
);

const poolingSchema = z.looseObject({
	pooling_mode: z.union([z.string(), z.array(z.string())]).nullish(),
	pooling_mode_cls_token: z.boolean().nullish(),
	pooling_mode_mean_tokens: z.boolean().nullish(),
	pooling_mode_max_tokens: z.boolean().nullish(),
	pooling_mode_mean_sqrt_len_tokens: z.boolean().nullish(),
	pooling_mode_weightedmean_tokens: z.boolean().nullish(),
	pooling_mode_lasttoken: z.boolean().nullish(),
	include_prompt: z.boolean().nullish(),
});

const transformerSchema = z.looseObject({
	max_seq_length: z.number().int().positive().nullish(),
});

const promptsSchema = z.looseObject({
	prompts: z.record(z.string(), z.string()).nullish(),
	default_prompt_name: z.string().nullish(),
});

const tokenizerConfigSchema = z.looseObject({
	model_max_length: z.number().nullish(),
});

/**
 * Throws GalleyError `model_unusable` with the file and what is wrong in it. Families that write neither pooling nor prompts
 * into their files are known by name; the folder of a downloaded model has none, so `knownAs` says it.
 */
export async function readEncoderDirectory(
	path: string,
	knownAs: readonly string[] = [],
): Promise<EncoderDirectory> {
	const [config, tokenizer, tokenizerConfig, modules, transformer, listed] =
		await Promise.all([
			readRequired(path, "config.json", configSchema),
			readRequired(path, "tokenizer.json", z.looseObject({})),
			readOptional(path, "tokenizer_config.json", tokenizerConfigSchema),
			readOptional(path, "modules.json", modulesSchema),
			readOptional(path, "sentence_bert_config.json", transformerSchema),
			readOptional(path, "config_sentence_transformers.json", promptsSchema),
		]);
	const isRanking = (config.architectures ?? []).some((name) =>
		/ForSequenceClassification$/.test(name),
	);
	const classes = Object.keys(config.id2label ?? { 0: "" }).length;
	if (isRanking && classes > 2)
		throw unusable(
			path,
			`config.json tells of ${classes} classes; Galley serves embedding models, and rerankers of one or two classes`,
		);
	const named = [...knownAs, basename(path)];
	const { pooling, isNormalized } = await readModules(path, modules, [
		...named,
		config.model_type ?? "",
	]);
	const names = [...named, config._name_or_path ?? ""];
	return {
		path,
		name: basename(path),
		task: isRanking ? "ranking" : "embedding",
		architecture: config.model_type ?? "unknown",
		variants: await findOnnxVariants(path),
		pooling,
		isNormalized,
		prompts: promptsOf(
			names,
			listed?.prompts ?? {},
			listed?.default_prompt_name ?? null,
		),
		maxInputTokens: longestInput(config, tokenizerConfig, transformer),
		padToken: config.pad_token_id ?? 0,
		dimensions: config.hidden_size ?? config.n_embd ?? 0,
		trainedDimensions: config.matryoshka_dimensions ?? [],
		license: config.license ?? null,
		tokenizer,
		tokenizerConfig: tokenizerConfig ?? {},
	};
}

/** Families whose card says the first token; all others are averaged. */
const clsFamilies = /bge|gte-.*(?:en-v1\.5|modernbert)|snowflake|mxbai/i;

async function readModules(
	path: string,
	modules: z.infer<typeof modulesSchema> | null,
	names: readonly string[],
): Promise<Pick<EncoderDirectory, "pooling" | "isNormalized">> {
	if (modules === null) {
		const first = clsFamilies.test(names.join(" "));
		return { pooling: first ? "cls" : "mean", isNormalized: true };
	}
	let pooling: EncoderDirectory["pooling"] = "mean";
	let isNormalized = false;
	for (const module of modules) {
		switch (module.type.split(".").at(-1)) {
			case "Transformer":
			case "Dropout":
				break;
			case "Pooling":
				pooling = await readPooling(path, module.path);
				break;
			case "Normalize":
				isNormalized = true;
				break;
			default:
				throw unusable(
					path,
					`modules.json lists "${module.type}", which Galley doesn't compute; export the model with it inside the graph, and take it out of modules.json`,
				);
		}
	}
	return { pooling, isNormalized };
}

async function readPooling(
	path: string,
	folder: string,
): Promise<EncoderDirectory["pooling"]> {
	const file = join(folder, "config.json");
	const config = await readRequired(path, file, poolingSchema);
	const flags = {
		cls: config.pooling_mode_cls_token,
		mean: config.pooling_mode_mean_tokens,
		max: config.pooling_mode_max_tokens,
		last: config.pooling_mode_lasttoken,
		"mean-sqrt-len": config.pooling_mode_mean_sqrt_len_tokens,
		"weighted-mean": config.pooling_mode_weightedmean_tokens,
	};
	const named = [config.pooling_mode ?? []].flat();
	const modes =
		named.length > 0
			? named.map((mode) => (mode === "lasttoken" ? "last" : mode))
			: Object.entries(flags)
					.filter(([, isOn]) => isOn === true)
					.map(([mode]) => mode);
	const [mode] = modes;
	if (config.include_prompt === false)
		throw unusable(
			path,
			`${file} leaves the prompt out of the pooling, as Instructor models do; Galley doesn't`,
		);
	if (
		modes.length === 1 &&
		(mode === "cls" || mode === "mean" || mode === "max" || mode === "last")
	)
		return mode;
	throw unusable(
		path,
		`${file} asks for the pooling ${modes.join(" + ") || "(none)"}; Galley does cls, mean, max or lasttoken`,
	);
}

function longestInput(
	config: z.infer<typeof configSchema>,
	tokenizer: z.infer<typeof tokenizerConfigSchema> | null,
	transformer: z.infer<typeof transformerSchema> | null,
): number {
	const positions =
		config.max_trained_positions ??
		config.n_positions ??
		config.max_position_embeddings ??
		512;
	// RoBERTa counts positions from behind the padding token's id.
	const isRoberta = /roberta/.test(config.model_type ?? "");
	const usable = isRoberta
		? positions - (config.pad_token_id ?? 1) - 1
		: positions;
	// Tokenizers without a limit write 1e30.
	const asked = transformer?.max_seq_length ?? tokenizer?.model_max_length;
	return Math.min(usable, asked ?? usable);
}

async function readRequired<T>(
	path: string,
	file: string,
	schema: z.ZodType<T>,
): Promise<T> {
	const content = await readOptional(path, file, schema);
	if (content !== null) return content;
	throw unusable(path, `there is no ${file}`);
}

async function readOptional<T>(
	path: string,
	file: string,
	schema: z.ZodType<T>,
): Promise<T | null> {
	const full = join(path, file);
	const status = await stat(full).catch(() => null);
	if (status === null) return null;
	try {
		return schema.parse(JSON.parse(await readFile(full, "utf8")));
	} catch (cause) {
		const reason =
			cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
		throw unusable(path, `${file} can't be read: ${reason}`, cause);
	}
}

function unusable(path: string, reason: string, cause?: unknown): GalleyError {
	return new GalleyError(
		"model_unusable",
		`${path} can't be served: ${reason}.`,
		{ cause },
	);
}
