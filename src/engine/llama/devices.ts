import type { NativeBindings } from "./bindings.ts";
import type { Pointer } from "./structs.ts";

export type ComputeDeviceType =
	| "cpu"
	| "gpu"
	| "integrated-gpu"
	| "accelerator";

export interface ComputeDevice {
	/** E.g. `CPU`, `CUDA0`. */
	name: string;
	/** E.g. `AMD EPYC 9R14`, `NVIDIA H100 80GB HBM3`. */
	description: string;
	type: ComputeDeviceType;
	memoryFreeBytes: number;
	memoryTotalBytes: number;
}

/** `enum ggml_backend_dev_type`; its fifth value only wraps others. */
const deviceTypes: readonly ComputeDeviceType[] = [
	"cpu",
	"gpu",
	"integrated-gpu",
	"accelerator",
];

/** What the loaded backends compute on. Empty before `loadBackends()`. */
export function listDevices(native: NativeBindings): ComputeDevice[] {
	const devices: ComputeDevice[] = [];
	for (let index = 0; index < native.ggml_backend_dev_count(); index++) {
		const device = describeDevice(native, native.ggml_backend_dev_get(index));
		if (device !== null) devices.push(device);
	}
	return devices;
}

function describeDevice(
	native: NativeBindings,
	device: Pointer,
): ComputeDevice | null {
	const type = deviceTypes[native.ggml_backend_dev_type(device)];
	if (type === undefined) return null;
	const free = new BigUint64Array(1);
	const total = new BigUint64Array(1);
	native.ggml_backend_dev_memory(device, free, total);
	return {
		name: native.ggml_backend_dev_name(device),
		description: native.ggml_backend_dev_description(device),
		type,
		memoryFreeBytes: Number(free[0]),
		memoryTotalBytes: Number(total[0]),
	};
}
