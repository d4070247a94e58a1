import { GalleyError } from "../../core/errors.ts";
import { AdapterTable } from "../adapter-table.ts";
import type { AppliedAdapter } from "../engine.ts";
import { toAdapterFailure } from "./adapter-failure.ts";
import type { LlamaModel } from "./model.ts";
import type { Pointer } from "./structs.ts";

/**
 * LoRA adapters beside one model. The library applies them to a whole context: every sequence of a run gets the same ones.
 * Setting others makes it reserve its compute graph anew at the next run.
 */
export class LlamaAdapters implements Disposable {
	readonly #model: LlamaModel;
	readonly #table = new AdapterTable<Pointer>();

	constructor(model: LlamaModel) {
		this.#model = model;
	}

	/** Reads the file in a worker thread. */
	async load(path: string): Promise<number> {
		const { native, log } = this.#model.library;
		log.forgetProblems();
		const adapter = await new Promise<Pointer | null>((resolve, reject) => {
			native.llama_adapter_lora_init.async(
				this.#model.address,
				path,
				(error, result) => (error ? reject(error) : resolve(result)),
			);
		});
		if (adapter === null) throw toAdapterFailure(path, log.problems());
		// An activated LoRA works from certain tokens on, sequence by sequence: a whole context can't do that.
		if (Number(native.llama_adapter_get_alora_n_invocation_tokens(adapter))) {
			native.llama_adapter_lora_free(adapter);
			throw new GalleyError(
				"model_unusable",
				`${path} can't be used: it is an activated LoRA (aLoRA), which is not supported. Use a plain LoRA.`,
			);
		}
		return this.#table.add(adapter);
	}

	unload(handle: number): void {
		const adapter = this.#table.remove(handle);
		this.#model.library.native.llama_adapter_lora_free(adapter);
	}

	set(context: Pointer, adapters: readonly AppliedAdapter[]): void {
		const found = this.#table.set(adapters);
		this.#model.library.native.llama_set_adapters_lora(
			context,
			found.map(([adapter]) => adapter),
			found.length,
			Float32Array.from(found, ([, scale]) => scale),
		);
	}

	/** A new context knows nothing of what was set on the one before. */
	setAgain(context: Pointer): void {
		this.set(context, this.#table.current);
	}

	/** Once no context is left. */
	[Symbol.dispose](): void {
		for (const adapter of this.#table.drain())
			this.#model.library.native.llama_adapter_lora_free(adapter);
	}
}
