import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { readGgufMetadata } from "../../src/models/gguf-metadata.ts";
import {
	type GgufTensorPlan,
	type GgufWriterValue,
	writeGguf,
} from "../../src/models/gguf-writer.ts";
import { cacheDirectory } from "./random-model.ts";

export interface RandomAdapterOptions {
	/** The GGUF model that it fits. */
	modelPath: string;
	seed: number;
	/** Default 16. */
	rank?: number;
	/** How far it moves the model: its part of a weight's size, roughly. Default 0.5, which no greedy answer survives. */
	strength?: number;
	/** Default: the base model's. */
	architecture?: string;
	path: string;
}

const adaptedWeights =
	/^blk\.\d+\.(attn_q|attn_k|attn_v|attn_output|ffn_gate|ffn_up|ffn_down)\.weight$/;

/** A GGUF LoRA adapter with random weights for every attention and feed-forward matrix of a model. */
export async function writeRandomAdapter(
	options: RandomAdapterOptions,
): Promise<string> {
	const { modelPath, seed, rank = 16, strength = 0.5, path } = options;
	const model = await readGgufMetadata(modelPath);
	const architecture =
		options.architecture ?? String(model.values.get("general.architecture"));
	const random = createRandomSource(seed);
	const tensors = model.tensors
		.filter(({ name }) => adaptedWeights.test(name))
		.flatMap(({ name, shape }): GgufTensorPlan[] => {
			const [inputs = 0, outputs = 0] = shape;
			// Entries of a random weight are about 1 / sqrt(inputs); so are those of the product below.
			const down = Math.sqrt(3 / inputs);
			const up = strength * Math.sqrt(3 / rank);
			return [
				matrix(`${name}.lora_a`, [inputs, rank], down),
				matrix(`${name}.lora_b`, [rank, outputs], up),
			];
		});
	function matrix(
		name: string,
		shape: readonly [number, number],
		largest: number,
	): GgufTensorPlan {
		const values = Float32Array.from(
			{ length: shape[0] * shape[1] },
			() => (2 * random.next() - 1) * largest,
		);
		const bytes = new Uint8Array(values.buffer);
		return { name, shape, type: "F32", chunks: () => [bytes] };
	}
	mkdirSync(dirname(path), { recursive: true });
	await writeGguf({ path, values: adapterValues(architecture, rank), tensors });
	return path;
}

/** An adapter for the fake engine, which reads nothing but its bytes. */
export async function writeFakeAdapter(
	path: string,
	seed: number,
	architecture = "fake",
): Promise<string> {
	const values = adapterValues(architecture, 4);
	values.set("fake.seed", { type: "uint32", value: seed });
	mkdirSync(dirname(path), { recursive: true });
	await writeGguf({ path, values, tensors: [] });
	return path;
}

/** Made once and kept, as random models are. */
export async function ensureRandomAdapter(
	modelPath: string,
	seed: number,
	rank = 16,
): Promise<string> {
	const name = `${basename(modelPath, ".gguf")}-lora-r${rank}-${seed}.gguf`;
	const path = resolve(cacheDirectory, "adapters", name);
	if (!existsSync(path))
		await writeRandomAdapter({ modelPath, seed, rank, path });
	return path;
}

function adapterValues(
	architecture: string,
	rank: number,
): Map<string, GgufWriterValue> {
	return new Map<string, GgufWriterValue>([
		["general.architecture", { type: "string", value: architecture }],
		["general.type", { type: "string", value: "adapter" }],
		["adapter.type", { type: "string", value: "lora" }],
		["adapter.lora.alpha", { type: "float32", value: rank }],
	]);
}
