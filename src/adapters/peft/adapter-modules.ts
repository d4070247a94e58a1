import { GalleyError } from "../../core/errors.ts";
import { modelFamilies } from "../../models/conversion/model-families.ts";
import type { ModelFamily } from "../../models/conversion/model-family.ts";
import {
	modelTensors,
	parseWeightName,
} from "../../models/conversion/tensor-names.ts";
import type { StoredTensor } from "../../models/safetensors/safetensors-directory.ts";

/** One adapted module: PEFT's name, the base tensor, and the two matrices whose product is added to it. */
export interface AdaptedModule {
	/** `model.layers.0.self_attn.q_proj`. */
	name: string;
	/** `blk.0.attn_q.weight`. */
	tensor: string;
	/** The last part that PEFT's `target_modules` would name. */
	target: string;
	isEmbedding: boolean;
	/** rank x inputs; of an embedding rank x tokens. */
	a: StoredTensor;
	/** outputs x rank. */
	b: StoredTensor;
}

const matrix = /^(.+)\.lora_(embedding_)?([AB])(?:\.default)?(?:\.weight)?$/;

/** Throws GalleyError `model_unusable` that names all modules and tensors that can't be converted. */
export function collectModules(
	path: string,
	architecture: string,
	stored: ReadonlyMap<string, StoredTensor>,
): AdaptedModule[] {
	const family = modelFamilies.find(
		(candidate) => candidate.ggufArchitecture === architecture,
	);
	if (family === undefined)
		throw new GalleyError(
			"model_unusable",
			`The base model is of architecture "${architecture}", for which Galley doesn't convert adapters. It does for ${modelFamilies.map((known) => known.ggufArchitecture).join(", ")}; ` +
				"for others get the adapter as a GGUF file.",
		);
	const halves = new Map<string, Map<string, StoredTensor>>();
	const strange: string[] = [];
	for (const [name, tensor] of stored) {
		const [, module, embedding, side] = matrix.exec(name) ?? [];
		if (module === undefined || side === undefined) {
			strange.push(name);
			continue;
		}
		const key = module.replace(/^base_model\.model\./, "");
		const sides = halves.get(key) ?? new Map<string, StoredTensor>();
		sides.set(embedding === undefined ? side : `embedding${side}`, tensor);
		halves.set(key, sides);
	}
	refuseStrange(path, strange);
	const modules: AdaptedModule[] = [];
	const unknown = new Set<string>();
	for (const [name, sides] of halves) {
		const place = findTensor(family, name);
		if (place === null) {
			unknown.add(name.replace(/\.\d+\./g, ".*."));
			continue;
		}
		const isEmbedding = sides.has("embeddingA") || sides.has("embeddingB");
		const prefix = isEmbedding ? "embedding" : "";
		const a = sides.get(`${prefix}A`);
		const b = sides.get(`${prefix}B`);
		if (a === undefined || b === undefined || sides.size !== 2)
			throw unusable(path, `holds only one of the two matrices of "${name}"`);
		modules.push({
			name,
			tensor: place,
			target: name.split(".").at(-1) ?? name,
			isEmbedding,
			a,
			b,
		});
	}
	if (unknown.size > 0) {
		const supported = Object.keys(family.layerTensors).filter(
			(module) => !module.endsWith("norm"),
		);
		throw unusable(
			path,
			`adapts modules that Galley doesn't convert for ${architecture}: ${[...unknown].join(", ")}. It converts ${[...supported.map((name) => name.split(".").at(-1)), "embed_tokens", "lm_head"].join(", ")}`,
		);
	}
	if (modules.length === 0) throw unusable(path, "holds no LoRA matrices");
	return modules;
}

function findTensor(family: ModelFamily, module: string): string | null {
	const parsed = parseWeightName(`${module}.weight`);
	if (parsed === null) return null;
	const names = parsed.layer === null ? modelTensors : family.layerTensors;
	const target = Object.hasOwn(names, parsed.module)
		? names[parsed.module]
		: undefined;
	if (target === undefined || target.endsWith("norm")) return null;
	return `${parsed.layer === null ? "" : `blk.${parsed.layer}.`}${target}.weight`;
}

function refuseStrange(path: string, names: readonly string[]): void {
	if (names.length === 0) return;
	const list = `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
	const what = names.some((name) => name.includes("magnitude"))
		? "DoRA magnitudes, which the engine doesn't compute"
		: names.some((name) =>
					/(embed_tokens|lm_head)\.(base_layer\.)?weight$/.test(name),
				)
			? "whole embeddings (PEFT saves them when tokens were added; save again with save_embedding_layers=False if they weren't trained)"
			: "tensors that are no LoRA matrices";
	throw unusable(path, `holds ${what}: ${list}`);
}

export function unusable(path: string, what: string): GalleyError {
	return new GalleyError("model_unusable", `"${path}" ${what}.`);
}
