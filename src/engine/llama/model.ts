import { GalleyError } from "../../core/errors.ts";
import type { NativeBindings } from "./bindings.ts";
import type { LlamaLibrary } from "./library.ts";
import { assertIsGguf, toLoadFailure } from "./load-failure.ts";
import {
	registerProgressCallback,
	unregisterCallback,
} from "./native-callbacks.ts";
import { addressOf } from "./native-memory.ts";
import type { NativeModelParams, Pointer } from "./structs.ts";
import { LlamaVocabulary } from "./vocabulary.ts";

/** `enum llama_load_mode` */
const loadModes = { plain: 0, map: 1, lock: 2, mapAndLock: 3 } as const;

export interface ModelLoadOptions {
	modelPath: string;
	gpuLayers: number;
	memoryMap: boolean;
	memoryLock: boolean;
	onLoadProgress?: ((progress: number) => boolean) | undefined;
}

/** Weights, or with `loadVocabularyOnly` just the description and the tokenizer. */
export class LlamaModel implements Disposable {
	readonly library: LlamaLibrary;
	readonly vocabulary: LlamaVocabulary;
	#model: Pointer | null;

	private constructor(library: LlamaLibrary, model: Pointer) {
		this.library = library;
		this.#model = model;
		this.vocabulary = new LlamaVocabulary(
			library.native,
			library.native.llama_model_get_vocab(model),
		);
	}

	/** Reads the weights in a worker thread, so that the process answers meanwhile. */
	static async load(
		library: LlamaLibrary,
		options: ModelLoadOptions,
	): Promise<LlamaModel> {
		assertIsGguf(options.modelPath);
		library.loadBackends();
		let isCancelled = false;
		const { onLoadProgress } = options;
		const progress =
			onLoadProgress === undefined
				? null
				: registerProgressCallback((value) => {
						// After the refusal the library may still ask once more from another file part.
						isCancelled ||= !onLoadProgress(value);
						return !isCancelled;
					});
		// An empty list keeps every GPU out; null would take them all.
		const noDevices = new ArrayBuffer(8);
		const params: NativeModelParams = {
			...library.native.llama_model_default_params(),
			devices: options.gpuLayers === 0 ? addressOf(noDevices) : null,
			n_gpu_layers: options.gpuLayers,
			load_mode: toLoadMode(options),
			progress_callback: progress,
		};
		library.log.forgetProblems();
		try {
			const model = await loadInWorker(
				library.native,
				options.modelPath,
				params,
			);
			if (model !== null) return new LlamaModel(library, model);
		} finally {
			if (progress !== null) unregisterCallback(progress);
			// This use keeps the list's memory until native code has read it.
			new Uint8Array(noDevices).fill(0);
		}
		if (isCancelled)
			throw new GalleyError(
				"engine_error",
				`Loading ${options.modelPath} was cancelled.`,
			);
		throw toLoadFailure(
			`${options.modelPath} can't be loaded`,
			library.log.problems(),
		);
	}

	/** Needs no backends, and reads no weights. */
	static loadVocabularyOnly(
		library: LlamaLibrary,
		modelPath: string,
	): LlamaModel {
		assertIsGguf(modelPath);
		library.log.forgetProblems();
		const model = library.native.llama_model_load_from_file(modelPath, {
			...library.native.llama_model_default_params(),
			vocab_only: true,
			load_mode: loadModes.plain,
		});
		if (model !== null) return new LlamaModel(library, model);
		throw toLoadFailure(`${modelPath} can't be loaded`, library.log.problems());
	}

	get address(): Pointer {
		if (this.#model === null)
			throw new GalleyError(
				"engine_error",
				"The model is disposed; load it again.",
			);
		return this.#model;
	}

	/** Bytes of all tensors. */
	get bytes(): number {
		return Number(this.library.native.llama_model_size(this.address));
	}

	/**
	 * Whether positions can be removed and copied one by one. Recurrent and hybrid models hold one state for all of a
	 * sequence's past; sliding windows overwrite cells that have left the window.
	 */
	get canShareMemory(): boolean {
		const { native } = this.library;
		return (
			!native.llama_model_is_recurrent(this.address) &&
			!native.llama_model_is_hybrid(this.address) &&
			native.llama_model_n_swa(this.address) === 0
		);
	}

	/** Why this model can't generate text from left to right, or null when it can. */
	get obstacle(): string | null {
		const { native } = this.library;
		if (native.llama_model_is_diffusion(this.address))
			return "it is a diffusion model";
		if (native.llama_model_has_encoder(this.address))
			return "it has an encoder (as T5 and BERT do)";
		if (!native.llama_model_has_decoder(this.address))
			return "it has no decoder";
		return null;
	}

	[Symbol.dispose](): void {
		if (this.#model === null) return;
		this.vocabulary[Symbol.dispose]();
		this.library.native.llama_model_free(this.#model);
		this.#model = null;
	}
}

/** llama.cpp's names as the field writes them: `Q4_K - Medium` -> `Q4_K_M`, `all F32` -> `F32`. */
export function toPrecision(ftypeName: string): string {
	return ftypeName
		.replace(/^\(guessed\) ?/, "")
		.replace(/^all /, "")
		.replace(/ mix\b/, "")
		.replace(/ - (Small|Medium|Large)$/, (_, size: string) => `_${size[0]}`)
		.replace(/ - .*$/, "")
		.replace(/ MoE$/, "");
}

function toLoadMode({ memoryMap, memoryLock }: ModelLoadOptions): number {
	if (memoryMap) return memoryLock ? loadModes.mapAndLock : loadModes.map;
	return memoryLock ? loadModes.lock : loadModes.plain;
}

function loadInWorker(
	native: NativeBindings,
	path: string,
	params: NativeModelParams,
): Promise<Pointer | null> {
	return new Promise((resolve, reject) => {
		native.llama_model_load_from_file.async(path, params, (error, model) =>
			error ? reject(error) : resolve(model),
		);
	});
}
