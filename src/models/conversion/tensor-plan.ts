import { GalleyError } from "../../core/errors.ts";
import type { StoredTensor } from "../safetensors/safetensors-directory.ts";
import type { TensorEncoding } from "./encode-tensor.ts";
import type { ModelConfig } from "./model-config.ts";
import { layerTableOf, type ModelFamily } from "./model-family.ts";
import {
	isIgnoredWeight,
	modelTensors,
	parseWeightName,
} from "./tensor-names.ts";
import { unchanged, type WeightChange } from "./weight-stream.ts";

export interface PlannedTensor {
	name: string;
	/** Fastest-running dimension first. */
	shape: readonly number[];
	encoding: TensorEncoding;
	/** One, or an expert each. */
	sources: readonly StoredTensor[];
	change: WeightChange;
}

/** In the order of the output: embedding, layers, norm, output. Throws GalleyError `model_unusable` for what doesn't fit. */
export function planTensors(
	config: ModelConfig,
	family: ModelFamily,
	stored: ReadonlyMap<string, StoredTensor>,
	encoding: TensorEncoding,
): PlannedTensor[] {
	const groups = groupByTarget(config, family, stored);
	adjustOutput(config, family, groups);
	refuseMissing(config, family, groups);
	return [...groups.values()]
		.sort((left, right) => left.order - right.order)
		.map((group) => toPlan(config, family, group, encoding));
}

interface Group {
	name: string;
	module: string;
	order: number;
	/** By expert; 0 where there are none. */
	sources: Map<number, StoredTensor>;
}

function groupByTarget(
	config: ModelConfig,
	family: ModelFamily,
	stored: ReadonlyMap<string, StoredTensor>,
): Map<string, Group> {
	const layers = config.count("num_hidden_layers");
	const table = layerTableOf(family, expertCountOf(config));
	const order = Object.keys(table);
	const groups = new Map<string, Group>();
	const unknown: string[] = [];
	for (const [name, tensor] of stored) {
		if (isIgnoredWeight(name)) continue;
		const parsed = parseWeightName(name);
		if (parsed === null) {
			unknown.push(name);
			continue;
		}
		const { layer, module, kind } = parsed;
		const expert = /\.experts\.(\d{1,6})\./.exec(module)?.[1];
		const row =
			expert === undefined
				? module
				: module.replace(`.experts.${expert}.`, ".experts.*.");
		const names = layer === null ? modelTensors : table;
		const target = Object.hasOwn(names, row) ? names[row] : undefined;
		if (target === undefined) {
			unknown.push(name);
			continue;
		}
		// A checkpoint may hold layers that its config leaves out: those of multi-token prediction, for example.
		if (layer !== null && layer >= layers) continue;
		const output = `${layer === null ? "" : `blk.${layer}.`}${target}.${kind}`;
		const place =
			layer === null
				? row === "embed_tokens"
					? -1
					: Number.MAX_SAFE_INTEGER
				: layer * 1000 + order.indexOf(row);
		const group = groups.get(output) ?? {
			name: output,
			module: row,
			order: place,
			sources: new Map<number, StoredTensor>(),
		};
		group.sources.set(Number(expert ?? 0), tensor);
		groups.set(output, group);
	}
	if (unknown.length > 0) {
		throw config.unusable(
			`describes a ${config.architecture}, but its weights have ${unknown.length} tensors that such a model hasn't: ` +
				`${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? " ..." : ""}`,
		);
	}
	return groups;
}

function adjustOutput(
	config: ModelConfig,
	family: ModelFamily,
	groups: Map<string, Group>,
): void {
	const embedding = groups.get("token_embd.weight");
	const isTied =
		config.hasTiedEmbeddings ||
		(config.values.tie_word_embeddings === undefined &&
			!groups.has("output.weight"));
	if (family.tiedOutput === "always") {
		if (
			groups.has("output.weight") &&
			config.values.tie_word_embeddings === false
		)
			throw config.unusable(
				"has an output matrix of its own, which the engine doesn't compute in this architecture",
			);
		groups.delete("output.weight");
	} else if (isTied) {
		groups.delete("output.weight");
		if (family.tiedOutput === "never" && embedding !== undefined)
			groups.set("output.weight", {
				...embedding,
				name: "output.weight",
				order: Number.MAX_SAFE_INTEGER,
			});
	} else if (!groups.has("output.weight")) {
		throw config.unusable(
			'says that the output matrix is not the embedding, but there is no "lm_head.weight"; a file is missing',
		);
	}
}

function refuseMissing(
	config: ModelConfig,
	family: ModelFamily,
	groups: ReadonlyMap<string, Group>,
): void {
	const experts = expertCountOf(config);
	const missing: string[] = [];
	for (const name of ["token_embd", "output_norm"])
		if (!groups.has(`${name}.weight`)) missing.push(name);
	for (let layer = 0; layer < config.count("num_hidden_layers"); layer++) {
		for (const [module, target] of Object.entries(
			layerTableOf(family, experts),
		)) {
			const group = groups.get(`blk.${layer}.${target}.weight`);
			const wanted = module.includes("*") ? experts : 1;
			for (let expert = 0; expert < wanted; expert++)
				if (!group?.sources.has(expert))
					missing.push(`layer ${layer} ${module.replace("*", String(expert))}`);
		}
	}
	if (missing.length === 0) return;
	throw config.unusable(
		`describes weights that aren't there: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}; a file is missing or the config belongs to another model`,
	);
}

function toPlan(
	config: ModelConfig,
	family: ModelFamily,
	group: Group,
	encoding: TensorEncoding,
): PlannedTensor {
	const sources = [...group.sources.entries()]
		.sort(([left], [right]) => left - right)
		.map(([, tensor]) => tensor);
	const [first] = sources;
	if (first === undefined) throw new Error(`"${group.name}" has no source`);
	for (const source of sources) {
		if (source.shape.join() !== first.shape.join())
			throw unusableShape(source, first.shape);
	}
	const isStacked = group.module.includes("*");
	const shape = [...first.shape].reverse();
	if (isStacked) shape.push(sources.length);
	return {
		name: group.name,
		shape,
		encoding: encodingOf(group.name, shape, encoding),
		sources,
		change: {
			...unchanged,
			interleavedHeads: interleavedHeads(config, family, group, first),
			addend:
				family.addsOneToNorms && group.name.endsWith("norm.weight") ? 1 : 0,
		},
	};
}

function interleavedHeads(
	config: ModelConfig,
	family: ModelFamily,
	group: Group,
	tensor: StoredTensor,
): number | null {
	if (!family.permutesRotaryRows) return null;
	const heads =
		group.module === "self_attn.q_proj"
			? config.count("num_attention_heads")
			: group.module === "self_attn.k_proj"
				? config.keyValueHeads
				: null;
	if (heads === null) return null;
	if ((tensor.shape[0] ?? 0) % (heads * 2) !== 0)
		throw config.unusable(
			`has ${heads} heads, but "${tensor.name}" has ${tensor.shape[0]} rows`,
		);
	return heads;
}

/** Vectors, norms and routers stay exact; a row that blocks of 32 don't divide is stored as a half float. */
function encodingOf(
	name: string,
	shape: readonly number[],
	encoding: TensorEncoding,
): TensorEncoding {
	const isExact =
		shape.length < 2 ||
		name.endsWith("norm.weight") ||
		name.endsWith("ffn_gate_inp.weight");
	if (isExact) return "F32";
	return encoding === "Q8_0" && (shape[0] ?? 0) % 32 !== 0 ? "F16" : encoding;
}

function expertCountOf(config: ModelConfig): number {
	return (
		config.optionalCount("num_local_experts") ??
		config.optionalCount("num_experts") ??
		0
	);
}

function unusableShape(
	tensor: StoredTensor,
	shape: readonly number[],
): GalleyError {
	return new GalleyError(
		"model_unusable",
		`"${tensor.file.path}" has "${tensor.name}" of shape ${tensor.shape.join(" x ")}, its like have ${shape.join(" x ")}: the files don't belong together.`,
	);
}
