import { GalleyError } from "../../core/errors.ts";
import type { NativeBindings } from "./bindings.ts";
import type { Pointer } from "./structs.ts";

/**
 * A flag that a compute thread polls after every operation of the graph. A JavaScript callback would stop that thread
 * each time until the event loop comes round, so the flag is a ggml context, and the callback is ggml's own getter:
 *
 *     llama_context_params.abort_callback      = ggml_get_no_alloc    bool (*)(ggml_context *)
 *     llama_context_params.abort_callback_data = the context          one bool in native memory
 *     raise()                                  = ggml_set_no_alloc(context, true)
 *
 * Nothing is ever allocated in that context.
 */
export class AbortFlag implements Disposable {
	readonly #native: NativeBindings;
	#context: Pointer | null;

	constructor(native: NativeBindings) {
		this.#native = native;
		this.#context = native.ggml_init({
			mem_size: 64,
			mem_buffer: null,
			no_alloc: false,
		});
		if (this.#context === null)
			throw new GalleyError(
				"engine_error",
				"There is no memory left for the engine.",
			);
	}

	get callback(): Pointer {
		return this.#native.addressOfGetNoAlloc;
	}

	get callbackData(): Pointer | null {
		return this.#context;
	}

	set(isRaised: boolean): void {
		if (this.#context !== null)
			this.#native.ggml_set_no_alloc(this.#context, isRaised);
	}

	[Symbol.dispose](): void {
		if (this.#context !== null) this.#native.ggml_free(this.#context);
		this.#context = null;
	}
}
