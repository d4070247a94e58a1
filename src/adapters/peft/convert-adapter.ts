import { basename, join, resolve } from "node:path";
import { encodeFloats } from "../../models/conversion/encode-tensor.ts";
import {
	float32,
	text,
	uint32,
} from "../../models/conversion/metadata-values.ts";
import { modelFamilies } from "../../models/conversion/model-families.ts";
import {
	streamWeights,
	unchanged,
} from "../../models/conversion/weight-stream.ts";
import {
	type GgufMetadata,
	type GgufValue,
	readGgufMetadata,
} from "../../models/gguf-metadata.ts";
import {
	type GgufTensorPlan,
	type GgufWriterValue,
	writeGguf,
} from "../../models/gguf-writer.ts";
import { FloatDecoder } from "../../models/safetensors/decode-floats.ts";
import {
	SafetensorsDirectory,
	type StoredTensor,
} from "../../models/safetensors/safetensors-directory.ts";
import {
	moduleScale,
	type PeftConfig,
	readPeftConfig,
} from "./adapter-config.ts";
import {
	type AdaptedModule,
	collectModules,
	unusable,
} from "./adapter-modules.ts";

export interface AdapterConversion {
	/** `adapter_config.json` and `adapter_model.safetensors`, as PEFT's `save_pretrained` writes them. */
	directory: string;
	/** The GGUF file of the base model: names, heads and shapes are checked against it. */
	baseModel: string;
	/** The GGUF adapter; replaced whole, or left alone when something fails. */
	output: string;
	signal?: AbortSignal | undefined;
}

export interface AdapterFacts {
	/** The largest. */
	rank: number;
	/** `adapter.lora.alpha`: scaled for rank-stabilised adapters. */
	alpha: number;
	architecture: string;
	/** As PEFT names them: `q_proj`, sorted. */
	targetModules: readonly string[];
	/** Tensors in the file: two a module. */
	tensors: number;
	sizeBytes: number;
}

/** An embedding's matrix is turned in memory; nobody's adapter comes near. */
const maxTransposedElements = 256 * 1024 * 1024;

/** Throws GalleyError `model_not_found` or `model_unusable`, before a byte is written. */
export async function convertPeftAdapter(
	conversion: AdapterConversion,
): Promise<AdapterFacts> {
	const { directory, output } = conversion;
	const config = await readPeftConfig(directory);
	const base = await readGgufMetadata(conversion.baseModel);
	const architecture = base.values.get("general.architecture");
	if (typeof architecture !== "string")
		throw unusable(conversion.baseModel, "doesn't say its architecture");
	await using weights = await SafetensorsDirectory.open(
		directory,
		"adapter_model",
	);
	const path = join(directory, "adapter_model.safetensors");
	const modules = collectModules(path, architecture, weights.tensors);
	checkShapes(path, conversion.baseModel, base, modules);
	// The engine multiplies by alpha / rank of each tensor; what differs from that goes into the second matrix.
	const alpha = Math.fround(
		moduleScale({ ...config, alphaPattern: new Map() }, "", config.rank) *
			config.rank,
	);
	const decoder = new FloatDecoder();
	const heads = headCounts(architecture, base);
	const tensors = modules.flatMap((module) =>
		planModule(module, config, alpha, heads, decoder),
	);
	const sizeBytes = await writeGguf({
		path: output,
		values: describe(directory, architecture, alpha, config),
		tensors,
		signal: conversion.signal,
	});
	return {
		rank: Math.max(...modules.map((module) => module.a.shape[0] ?? 0)),
		alpha,
		architecture,
		targetModules: [...new Set(modules.map((module) => module.target))].sort(),
		tensors: tensors.length,
		sizeBytes,
	};
}

function describe(
	directory: string,
	architecture: string,
	alpha: number,
	config: PeftConfig,
): Map<string, GgufWriterValue> {
	const values = new Map<string, GgufWriterValue>([
		["general.architecture", text(architecture)],
		["general.type", text("adapter")],
		["general.name", text(basename(resolve(directory)))],
		["general.file_type", uint32(0)],
		["adapter.type", text("lora")],
		["adapter.lora.alpha", float32(alpha)],
	]);
	if (config.baseModel !== null) {
		values.set("general.base_model.count", uint32(1));
		values.set("general.base_model.0.name", text(config.baseModel));
	}
	return values;
}

function planModule(
	module: AdaptedModule,
	config: PeftConfig,
	alpha: number,
	heads: { q: number; k: number } | null,
	decoder: FloatDecoder,
): GgufTensorPlan[] {
	const rank = module.a.shape[0] ?? 1;
	const factor = moduleScale(config, module.name, rank) / (alpha / rank);
	const interleavedHeads =
		heads === null
			? null
			: module.tensor.endsWith(".attn_q.weight")
				? heads.q
				: module.tensor.endsWith(".attn_k.weight")
					? heads.k
					: null;
	const change = {
		...unchanged,
		interleavedHeads,
		factor: Math.abs(factor - 1) < 1e-6 ? 1 : factor,
	};
	const toPlan = (
		side: "a" | "b",
		shape: readonly number[],
		chunks: () => AsyncIterable<Uint8Array>,
	): GgufTensorPlan => ({
		name: `${module.tensor}.lora_${side}`,
		shape,
		type: "F32",
		chunks,
	});
	const { a, b } = module;
	return [
		module.isEmbedding
			? toPlan("a", a.shape, () => transpose(a, decoder))
			: toPlan("a", [...a.shape].reverse(), () =>
					streamWeights(a, "F32", unchanged, decoder),
				),
		toPlan("b", [...b.shape].reverse(), () =>
			streamWeights(b, "F32", change, decoder),
		),
	];
}

/** The engine looks up a token's row in an embedding's first matrix; PEFT stores a column. */
async function* transpose(
	tensor: StoredTensor,
	decoder: FloatDecoder,
): AsyncGenerator<Uint8Array> {
	const [rows = 0, columns = 0] = tensor.shape;
	const bytes = new Uint8Array(tensor.sizeBytes);
	await tensor.file.read(tensor, 0, bytes);
	const values = new Float32Array(tensor.elements);
	decoder.decode(bytes, tensor.type, values);
	const turned = new Float32Array(tensor.elements);
	for (let row = 0; row < rows; row++)
		for (let column = 0; column < columns; column++)
			turned[column * rows + row] = values[row * columns + column] as number;
	yield encodeFloats(turned, "F32");
}

/**
 * The base must have each tensor, with inputs x outputs as the two matrices have them. All that don't fit are named at once, for
 * a stranger's base model shows in every one.
 */
function checkShapes(
	path: string,
	basePath: string,
	base: GgufMetadata,
	modules: readonly AdaptedModule[],
): void {
	const shapes = new Map(base.tensors.map(({ name, shape }) => [name, shape]));
	const problems: string[] = [];
	for (const module of modules) {
		const { a, b } = module;
		const shape = shapes.get(module.tensor);
		if (shape === undefined) {
			problems.push(
				module.tensor === "output.weight"
					? "lm_head (the base shares its output matrix with the embedding)"
					: `${module.name} (the base has no ${module.tensor})`,
			);
			continue;
		}
		// A shared matrix would be adapted where tokens come out too, which the engine can't compute and PEFT doesn't do.
		if (module.isEmbedding && !shapes.has("output.weight")) {
			problems.push(
				"embed_tokens (the base shares its output matrix with the embedding)",
			);
			continue;
		}
		const [inputs, outputs] = module.isEmbedding
			? [shape[1], shape[0]]
			: [shape[0], shape[1]];
		const isFitting =
			a.shape.length === 2 &&
			b.shape.length === 2 &&
			a.shape[1] === inputs &&
			b.shape[0] === outputs &&
			a.shape[0] === b.shape[1] &&
			(a.shape[0] ?? 0) > 0;
		if (!isFitting)
			problems.push(
				`${module.name} (${a.shape.join(" x ")} and ${b.shape.join(" x ")}, the base has ${shape.join(" x ")})`,
			);
		else if (module.isEmbedding && a.elements > maxTransposedElements)
			problems.push(`${module.name} (too large)`);
	}
	if (problems.length === 0) return;
	const more = problems.length > 5 ? ` and ${problems.length - 5} more` : "";
	throw unusable(
		path,
		`doesn't fit the base model "${basePath}": ${problems.slice(0, 5).join(", ")}${more}; name the model that it was trained on`,
	);
}

/** Heads whose rows the base's conversion has interleaved; null where it leaves them in place. */
function headCounts(
	architecture: string,
	base: GgufMetadata,
): { q: number; k: number } | null {
	const family = modelFamilies.find(
		(candidate) => candidate.ggufArchitecture === architecture,
	);
	if (family?.permutesRotaryRows !== true) return null;
	const count = (value: GgufValue | undefined) =>
		typeof value === "number" && value > 0 ? value : null;
	const q = count(base.values.get(`${architecture}.attention.head_count`));
	const k = count(base.values.get(`${architecture}.attention.head_count_kv`));
	if (q === null)
		throw unusable("The base model", "doesn't give one number of heads");
	return { q, k: k ?? q };
}
