import { basename, join, resolve } from "node:path";
import { GalleyError } from "../../core/errors.ts";
import { formatParameters } from "../byte-format.ts";
import {
	type GgufTensorPlan,
	type GgufWriterValue,
	writeGguf,
} from "../gguf-writer.ts";
import { FloatDecoder } from "../safetensors/decode-floats.ts";
import { SafetensorsDirectory } from "../safetensors/safetensors-directory.ts";
import { encodeFloats, type TensorEncoding } from "./encode-tensor.ts";
import { readJsonFile } from "./json-file.ts";
import { text, uint32 } from "./metadata-values.ts";
import { describeOrigin } from "./model-card.ts";
import { ModelConfig } from "./model-config.ts";
import { familyOf } from "./model-families.ts";
import { describeHyperparameters } from "./model-metadata.ts";
import { type PlannedTensor, planTensors } from "./tensor-plan.ts";
import { convertTokenizer } from "./tokenizer/convert-tokenizer.ts";
import { streamWeights } from "./weight-stream.ts";

export const conversionPrecisions = ["f32", "f16", "bf16", "q8_0"] as const;
export type ConversionPrecision = (typeof conversionPrecisions)[number];

export interface ModelConversion {
	/** config.json, safetensors and tokenizer, as `save_pretrained` of transformers writes them. */
	directory: string;
	/** The GGUF file; replaced whole, or left alone when something fails. */
	output: string;
	precision: ConversionPrecision;
	/** What the model is called where neither its card nor its config says; by default the directory's name. */
	name?: string | undefined;
	onProgress?: ((writtenBytes: number, totalBytes: number) => void) | undefined;
	signal?: AbortSignal | undefined;
}

export interface ConversionFacts {
	/** `general.architecture`. */
	architecture: string;
	tensors: number;
	parameters: number;
	sizeBytes: number;
	/** What the result does otherwise than the original. */
	warnings: readonly string[];
}

const encodings: Record<
	ConversionPrecision,
	{ encoding: TensorEncoding; fileType: number }
> = {
	f32: { encoding: "F32", fileType: 0 },
	f16: { encoding: "F16", fileType: 1 },
	bf16: { encoding: "BF16", fileType: 32 },
	q8_0: { encoding: "Q8_0", fileType: 7 },
};

/**
 * Turns a model of transformers into a GGUF file, tensor by tensor. Throws GalleyError `model_not_found` or `model_unusable`
 * before a byte is written when anything of the model is unknown.
 */
export async function convertModel(
	conversion: ModelConversion,
): Promise<ConversionFacts> {
	const { directory, output, precision } = conversion;
	const raw = await readJsonFile(directory, "config.json");
	if (raw === null) {
		throw new GalleyError(
			"model_not_found",
			`"${directory}" has no config.json; name a directory as transformers' save_pretrained writes it.`,
		);
	}
	const config = new ModelConfig(join(directory, "config.json"), raw);
	const family = familyOf(config);
	await using weights = await SafetensorsDirectory.open(directory, "model");
	const { encoding, fileType } = encodings[precision];
	const planned = planTensors(config, family, weights.tensors, encoding);
	const embedding = planned.find((plan) => plan.name === "token_embd.weight");
	const vocabularySize = embedding?.shape[1] ?? config.count("vocab_size");
	const warnings = [...(family.warnings?.(config) ?? [])];
	const { values: hyperparameters, tensors: computed } =
		describeHyperparameters(config, family, vocabularySize);
	const tokenizer = await convertTokenizer(directory, config, vocabularySize);
	warnings.push(...tokenizer.warnings);
	const parameters = planned.reduce((sum, plan) => sum + elementsOf(plan), 0);
	const values = new Map<string, GgufWriterValue>([
		["general.architecture", text(family.ggufArchitecture)],
		["general.type", text("model")],
		...(await describeOrigin(
			directory,
			conversion.name ?? basename(resolve(directory)),
			config.values,
			warnings,
		)),
		["general.size_label", text(formatParameters(parameters))],
		["general.file_type", uint32(fileType)],
		["general.quantization_version", uint32(2)],
		...hyperparameters,
		...tokenizer.values,
	]);
	avoidRulesByName(values);
	const decoder = new FloatDecoder();
	const tensors = [
		...[...computed].map(([name, factors]) => toFactors(name, factors)),
		...planned.map((plan) => toWeights(plan, decoder)),
	];
	const sizeBytes = await writeGguf({
		path: output,
		values,
		tensors,
		onProgress: conversion.onProgress,
		signal: conversion.signal,
	});
	return {
		architecture: family.ggufArchitecture,
		tensors: tensors.length,
		parameters,
		sizeBytes,
		warnings,
	};
}

/**
 * llama.cpp treats the control tokens of whatever has phi-3 in its name as Phi-3's own, and fails to load a vocabulary without
 * them: other tokenizers get the name written apart.
 */
function avoidRulesByName(values: Map<string, GgufWriterValue>): void {
	const name = values.get("general.name");
	const tokens = values.get("tokenizer.ggml.tokens");
	if (name?.type !== "string" || tokens?.type !== "array") return;
	const known = new Set<unknown>(tokens.values);
	const isPhi = ["</s>", "<unk>", "<s>", "<|endoftext|>"].every((token) =>
		known.has(token),
	);
	if (!isPhi)
		values.set(
			"general.name",
			text(
				name.value.replaceAll(/phi-?(?=3)/gi, "$& ").replaceAll("- 3", " 3"),
			),
		);
}

function toFactors(name: string, factors: Float32Array): GgufTensorPlan {
	return {
		name,
		shape: [factors.length],
		type: "F32",
		chunks: () => [encodeFloats(factors, "F32")],
	};
}

function toWeights(plan: PlannedTensor, decoder: FloatDecoder): GgufTensorPlan {
	return {
		name: plan.name,
		shape: plan.shape,
		type: plan.encoding,
		async *chunks() {
			for (const source of plan.sources)
				yield* streamWeights(source, plan.encoding, plan.change, decoder);
		},
	};
}

function elementsOf(plan: PlannedTensor): number {
	return plan.shape.reduce((product, size) => product * size, 1);
}
