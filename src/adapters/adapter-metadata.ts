import { GalleyError } from "../core/errors.ts";
import { readGgufMetadata } from "../models/gguf-metadata.ts";

export interface AdapterMetadata {
	/** Of the base model that it is made for. */
	architecture: string;
	/** The largest of its matrices. */
	rank: number;
}

/** What a GGUF adapter tells of itself; whether it fits the model is for the engine to say. */
export async function readAdapterMetadata(
	path: string,
): Promise<AdapterMetadata> {
	const { values, tensors } = await readGgufMetadata(path);
	const type = values.get("general.type");
	if (type !== "adapter") {
		throw new GalleyError(
			"model_unusable",
			`${path} can't be used: it is no adapter (its general.type is ${JSON.stringify(type ?? null)}). Give an adapter's GGUF file, or a PEFT directory.`,
		);
	}
	const ranks = tensors
		.filter(({ name }) => name.endsWith(".lora_b"))
		.map(({ shape }) => shape[0] ?? 0);
	return {
		architecture: String(values.get("general.architecture") ?? ""),
		rank: Math.max(0, ...ranks),
	};
}
