import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PackageSearch } from "../engine/llama/packages.ts";
import { quantizeModel } from "../engine/llama/quantizer.ts";
import {
	describeModel,
	type ModelDescription,
} from "../models/model-description.ts";
import { sourceVariant } from "./candidate.ts";
import type { Journal } from "./journal.ts";

export interface VariantOptions {
	/** The file that was given. */
	modelPath: string;
	/** What variants are made from: the highest precision at hand. */
	originalPath: string;
	directory: string;
	name: string;
	threads: number;
	search: PackageSearch;
	journal: Journal;
	onProgress(precision: string, share: number): void;
	onWarning(message: string): void;
	signal?: AbortSignal | undefined;
}

/** The files of a model in other precisions, made when somebody asks for one. */
export class ModelVariants {
	readonly #options: VariantOptions;
	readonly #made = new Map<string, Promise<ModelDescription>>();

	constructor(options: VariantOptions) {
		this.#options = options;
	}

	/** Its file is made first where it is missing. Rejects when it can't be made. */
	describe(variant: string): Promise<ModelDescription> {
		const known = this.#made.get(variant);
		if (known !== undefined) return known;
		const made = this.#make(variant);
		this.#made.set(variant, made);
		return made;
	}

	/** Removes the files of all variants but one; null removes all. */
	async keepOnly(variant: string | null): Promise<void> {
		for (const other of this.#made.keys()) {
			if (other !== variant && other !== sourceVariant)
				await rm(this.pathOf(other), { force: true });
		}
	}

	pathOf(variant: string): string {
		const { modelPath, directory, name } = this.#options;
		return variant === sourceVariant
			? modelPath
			: join(directory, `${name}-${variant.toLowerCase()}.gguf`);
	}

	async #make(variant: string): Promise<ModelDescription> {
		const path = this.pathOf(variant);
		const { journal, onProgress, onWarning } = this.#options;
		if (variant !== sourceVariant && !(await exists(path))) {
			await mkdir(this.#options.directory, { recursive: true });
			onProgress(variant, 0);
			const { warnings } = await quantizeModel({
				input: this.#options.originalPath,
				output: path,
				precision: variant,
				threads: this.#options.threads,
				allowRequantize: true,
				search: this.#options.search,
				signal: this.#options.signal,
				onProgress: ({ tensorsDone, tensors }) =>
					onProgress(variant, tensorsDone / tensors),
			});
			await journal.addVariant(variant, warnings);
		}
		for (const warning of journal.warningsOf(variant)) onWarning(warning);
		return describeModel(path);
	}
}

async function exists(path: string): Promise<boolean> {
	return (await stat(path).catch(() => null)) !== null;
}
