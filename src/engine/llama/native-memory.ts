import koffi from "koffi";
import type { Pointer } from "./structs.ts";

/** Native memory as JavaScript sees it, without a copy. Dear (a garbage collector's hint per call): keep the result. */
export function viewMemory(address: Pointer, bytes: number): ArrayBuffer {
	return koffi.view(address, bytes);
}

/**
 * Where JavaScript's own memory lies. V8 never moves an ArrayBuffer's contents; it may free them when nobody holds the
 * buffer any more, so hold it for as long as native code has the address.
 */
export function addressOf(memory: ArrayBuffer): Pointer {
	return koffi.address(memory);
}
