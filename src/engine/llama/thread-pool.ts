import type { NativeBindings } from "./bindings.ts";
import { bindThreadPoolFunctions } from "./native-callbacks.ts";
import { type Pointer, threadPoolParams } from "./structs.ts";

/**
 * ggml's compute threads, kept from step to step. Without a pool ggml starts and joins its threads for every graph.
 *
 * `poll` times 131,072 pause instructions is how long an idle thread spins before it sleeps. ggml's default of 50 burns
 * a core for a tenth of a second after every step, which the HTTP process needs; 1 (some milliseconds) outlasts the gap
 * between two steps, so a busy engine never pays for waking threads up.
 */
export class ThreadPool implements Disposable {
	readonly #freePool: (pool: Pointer) => void;
	#pool: Pointer | null;

	private constructor(pool: Pointer, freePool: (pool: Pointer) => void) {
		this.#pool = pool;
		this.#freePool = freePool;
	}

	/** Null when the CPU library has no pools (then it is built with OpenMP, which keeps its own threads). */
	static create(
		native: NativeBindings,
		options: { threads: number; poll?: number },
	): ThreadPool | null {
		const registry = cpuRegistry(native);
		if (registry === null) return null;
		const create = native.ggml_backend_reg_get_proc_address(
			registry,
			"ggml_threadpool_new",
		);
		const free = native.ggml_backend_reg_get_proc_address(
			registry,
			"ggml_threadpool_free",
		);
		if (create === null || free === null) return null;

		const params = new Uint8Array(threadPoolParams.bytes);
		native.ggml_threadpool_params_init(params, options.threads);
		const fields = new DataView(params.buffer);
		const isKnownLayout =
			fields.getInt32(threadPoolParams.threadsOffset, true) ===
				options.threads &&
			fields.getUint32(threadPoolParams.pollOffset, true) ===
				threadPoolParams.defaultPoll;
		if (!isKnownLayout) return null;
		fields.setUint32(threadPoolParams.pollOffset, options.poll ?? 1, true);

		const functions = bindThreadPoolFunctions({ create, free });
		const pool = functions.create(params);
		return pool === null ? null : new ThreadPool(pool, functions.free);
	}

	get address(): Pointer {
		if (this.#pool === null) throw new Error("The thread pool is disposed.");
		return this.#pool;
	}

	/** The context that it is attached to must be gone. */
	[Symbol.dispose](): void {
		if (this.#pool !== null) this.#freePool(this.#pool);
		this.#pool = null;
	}
}

const cpuDeviceType = 0;

function cpuRegistry(native: NativeBindings): Pointer | null {
	for (let index = 0; index < native.ggml_backend_dev_count(); index++) {
		const device = native.ggml_backend_dev_get(index);
		if (native.ggml_backend_dev_type(device) === cpuDeviceType)
			return native.ggml_backend_dev_backend_reg(device);
	}
	return null;
}
