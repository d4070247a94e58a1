import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { GalleyError } from "../core/errors.ts";

export type OnnxPrecision = "fp32" | "fp16" | "int8" | "int4";

/** One ONNX file of a model, with the data file that may lie beside it. */
export interface OnnxVariant {
	precision: OnnxPrecision;
	path: string;
	sizeBytes: number;
}

const order: readonly OnnxPrecision[] = ["fp32", "fp16", "int8", "int4"];

/** Endings as Optimum and transformers.js write them; several of one precision: the first of this list. */
const precisionsByEnding: readonly (readonly [RegExp, OnnxPrecision])[] = [
	[/^model$/, "fp32"],
	[/[_-](?:fp32|float32)$/, "fp32"],
	[/[_-](?:fp16|float16)$/, "fp16"],
	[/[_-](?:int8|quantized|uint8|q8)$/, "int8"],
	[/[_-]qint8[_-]avx512[_-]vnni$/, "int8"],
	[/[_-](?:q4|int4|bnb4|q4f16)$/, "int4"],
];

/** In the folder itself and in `onnx/`; highest precision first. */
export async function findOnnxVariants(
	directory: string,
): Promise<readonly OnnxVariant[]> {
	const found = new Map<OnnxPrecision, OnnxVariant & { rank: number }>();
	for (const folder of [directory, join(directory, "onnx")]) {
		const names = await readdir(folder).catch(() => []);
		for (const name of names.filter((file) => file.endsWith(".onnx"))) {
			const rank = precisionsByEnding.findIndex(([ending]) =>
				ending.test(basename(name, ".onnx")),
			);
			const precision = precisionsByEnding[rank]?.[1];
			if (precision === undefined) continue;
			const earlier = found.get(precision);
			if (earlier !== undefined && earlier.rank <= rank) continue;
			const path = join(folder, name);
			found.set(precision, {
				precision,
				path,
				rank,
				sizeBytes: await sizeOf(path, names, name),
			});
		}
	}
	const variants = [...found.values()]
		.sort((a, b) => order.indexOf(a.precision) - order.indexOf(b.precision))
		.map(({ precision, path, sizeBytes }) => ({ precision, path, sizeBytes }));
	if (variants.length > 0) return variants;
	throw new GalleyError(
		"model_unusable",
		`${directory} holds no ONNX file with a known name: model.onnx, model_fp16.onnx, model_int8.onnx or model_quantized.onnx, there or in its folder onnx/.`,
	);
}

/** Graphs of more than 2 GB keep their weights in files beside them. */
async function sizeOf(
	path: string,
	names: readonly string[],
	name: string,
): Promise<number> {
	const parts = names.filter(
		(other) => other.startsWith(`${name}_data`) || other === `${name}.data`,
	);
	const sizes = await Promise.all(
		[path, ...parts.map((part) => join(path, "..", part))].map(
			async (file) => (await stat(file)).size,
		),
	);
	return sizes.reduce((sum, size) => sum + size, 0);
}
