import koffi from "koffi";
import type { Pointer } from "./structs.ts";

/** Functions that cross the seam as addresses: those that native code calls here, and those that it hands out at run time. */

/** The signatures of functions that only exist as addresses: ggml hands them out by name at run time. */
export function bindThreadPoolFunctions(addresses: {
	create: Pointer;
	free: Pointer;
}): {
	create: (params: Uint8Array) => Pointer | null;
	free: (pool: Pointer) => void;
} {
	return {
		create: koffi.decode(addresses.create, koffi.proto("void *", ["void *"])),
		free: koffi.decode(addresses.free, koffi.proto("void", ["void *"])),
	};
}

/** `void (*)(enum ggml_log_level, const char * text, void * user_data)` */
export function registerLogCallback(
	callback: (level: number, text: string) => void,
): Pointer {
	return koffi.register(
		callback,
		koffi.pointer(koffi.proto("void", ["int", "str", "void *"])),
	);
}

/** `bool (*)(float progress, void * user_data)`; called from the thread that loads. */
export function registerProgressCallback(
	callback: (progress: number) => boolean,
): Pointer {
	return koffi.register(
		callback,
		koffi.pointer(koffi.proto("bool", ["float", "void *"])),
	);
}

export function unregisterCallback(callback: Pointer): void {
	koffi.unregister(callback);
}
