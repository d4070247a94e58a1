import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { GalleyError } from "../../core/errors.ts";
import { bindNative, type NativeBindings } from "./bindings.ts";
import { listDevices } from "./devices.ts";
import { NativeLog } from "./log.ts";
import { registerLogCallback } from "./native-callbacks.ts";
import type { Pointer } from "./structs.ts";
import {
	contextParamFields,
	differingDefault,
	expectedStructBytes,
	modelParamFields,
} from "./structs.ts";

/** The only release whose struct layouts Galley knows; `structs.ts` and the engine packages' version belong to it. */
export const expectedRelease = "0.5.0";

export interface LibraryLocation {
	/** Where the shared libraries lie. */
	folder: string;
	/** More GPU libraries, for older drivers, tried when those in `folder` find no GPU. */
	fallbackFolder?: string | null;
}

export interface LlamaLibrary extends Disposable {
	readonly native: NativeBindings;
	readonly log: NativeLog;
	/** Where the shared libraries lie. */
	readonly folder: string;
	/** As the library says it, e.g. `0.5.0-dev`. */
	readonly version: string;
	/** Loads what computes: the best CPU variant for this machine, and GPU libraries that lie beside it. Costs memory. */
	loadBackends(): void;
}

/**
 * Opens libllama. Its code stays in the process until it ends, also after dispose: native registries and threads can't
 * be taken back. Dispose only stops listening to the log.
 */
export function openLibrary(location: LibraryLocation): LlamaLibrary {
	const { folder, fallbackFolder = null } = location;
	const native = bindChecked(folder);
	const log = new NativeLog();
	// Never unregistered: native code may log at any time. It also keeps koffi from unloading the libraries that `native`
	// holds. Without a callback, or with a null one, the library writes to stderr.
	const keepLoaded = (level: number, text: string): void => {
		log.receive(level, text);
		void native;
	};
	const callback = registerLogCallback(keepLoaded);
	native.llama_log_set(callback, null);
	native.llama_backend_init();

	return {
		native,
		log,
		folder,
		version: native.llama_version(),
		loadBackends() {
			// Registering twice would list every device twice.
			if (native.ggml_backend_reg_count() > 0) return;
			native.ggml_backend_load_all_from_path(folder);
			const isWithoutGpu = (): boolean =>
				listDevices(native).every(({ type }) => type === "cpu");
			if (fallbackFolder !== null && isWithoutGpu())
				native.ggml_backend_load_all_from_path(fallbackFolder);
			if (native.ggml_backend_reg_count() > 0) return;
			throw new GalleyError(
				"engine_unavailable",
				`No compute library in ${folder} runs on this processor. Reinstall the engine package.`,
			);
		},
		[Symbol.dispose]() {
			// JavaScript is gone when the process's last native destructors log, so leave them a function that can be called.
			if (currentLogCallback(native) === callback)
				native.llama_log_set(native.addressOfNoEffect, null);
		},
	};
}

/** Library names carry the release: `libllama.v0.5.0.so`, `libggml.v0.5.0.so`, `libggml-base.so`, `llama.dll`. */
export function findLibraryFile(
	names: readonly string[],
	library: "llama" | "ggml" | "ggml-base",
): string | null {
	const pattern = new RegExp(
		`^(?:lib)?${library}(?:\\.v?\\d[\\w.]*?)?\\.(?:so|dylib|dll)(?:\\.\\d[\\d.]*)?$`,
	);
	return names.filter((name) => pattern.test(name)).sort()[0] ?? null;
}

function bindChecked(folder: string): NativeBindings {
	const native = bind(folder);
	const version = native.llama_version();
	if (!version.startsWith(expectedRelease)) {
		throw mismatch(folder, `it is release ${version}`);
	}
	for (const [name, bytes] of Object.entries(expectedStructBytes)) {
		const actual = koffi.sizeof(
			native.structs[name as keyof typeof expectedStructBytes],
		);
		if (actual !== bytes)
			throw mismatch(
				folder,
				`the struct ${name} takes ${actual} bytes here instead of ${bytes}`,
			);
	}
	const field =
		differingDefault(modelParamFields, native.llama_model_default_params()) ??
		differingDefault(contextParamFields, native.llama_context_default_params());
	if (field !== null)
		throw mismatch(folder, `its default for ${field} differs`);
	return native;
}

function bind(folder: string): NativeBindings {
	try {
		const names = readdirSync(folder);
		const load = (library: "llama" | "ggml" | "ggml-base"): LibraryHandle => {
			const name = findLibraryFile(names, library);
			if (name === null)
				throw new Error(`there is no ${library} library in it`);
			return koffi.load(join(folder, name));
		};
		// Dependencies first: Windows finds a library that is already loaded by its name alone.
		const ggmlBase = load("ggml-base");
		const ggml = load("ggml");
		return bindNative({ ggmlBase, ggml, llama: load("llama") });
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new GalleyError(
			"engine_unavailable",
			`The engine in ${folder} can't be loaded: ${reason}. Reinstall its package, or run \`galley engines\` to see others.`,
			{ cause },
		);
	}
}

function mismatch(folder: string, difference: string): GalleyError {
	return new GalleyError(
		"engine_unavailable",
		`The engine in ${folder} is not llama.cpp ${expectedRelease}, which this release of Galley needs: ${difference}. ` +
			"Install the engine package that Galley's package.json pins.",
	);
}

function currentLogCallback(native: NativeBindings): Pointer {
	const callback = new BigUint64Array(1);
	native.llama_log_get(callback, new BigUint64Array(1));
	return callback[0] ?? 0n;
}
