import { dataDirectory, enginesDirectory } from "../config/data-directory.ts";
import {
	findInstalledPackages,
	listEnginePackages,
} from "../engine/llama/packages.ts";
import type { GpuHint } from "../models/gpu-hints.ts";
import type { Hardware } from "../models/hardware.ts";
import type { EngineState } from "../models/profile-list.ts";
import {
	type DeviceProbe,
	probeDevices,
	toAccelerator,
} from "./engine-devices.ts";

export interface EnginePackageState extends EngineState {
	packageName: string;
	/** Null of packages that aren't installed. */
	probe: DeviceProbe | null;
}

/** Bytes that npm fetches for release 3.22.1, companions included; packages that aren't listed were not weighed. */
const downloadBytes: Readonly<Record<string, number>> = {
	"linux-x64-cuda": 142_898_030 + 176_664_119,
	"linux-x64-vulkan": 24_311_427,
};

/** Every engine package that exists for this platform: is it installed, what does it compute on, could it be of use. */
export async function readEngineStates(
	hardware: Hardware,
): Promise<EnginePackageState[]> {
	const search = { packagesFolder: enginesDirectory(process.env) };
	const installed = findInstalledPackages(search);
	return Promise.all(
		listEnginePackages(search).map(async (entry) => {
			const { name, accelerator } = entry;
			const found = installed.find((candidate) => candidate.name === name);
			const probe = found === undefined ? null : await probeDevices(name);
			return {
				accelerator,
				packageName: name,
				isInstalled: found !== undefined,
				gpu:
					found === undefined || probe === null
						? null
						: toAccelerator(found, probe),
				failure: probe?.failure ?? null,
				suitsHardware: suits(accelerator, hardware.gpus ?? []),
				downloadBytes: downloadBytes[name] ?? null,
				probe,
			};
		}),
	);
}

function suits(
	accelerator: EngineState["accelerator"],
	gpus: readonly GpuHint[],
): boolean {
	switch (accelerator) {
		case "cpu":
			return true;
		case "cuda":
			return gpus.some(({ vendor }) => vendor === "nvidia");
		case "metal":
			return gpus.some(({ vendor }) => vendor === "apple");
		case "vulkan":
			return gpus.length > 0;
	}
}

/** Where measurements of this machine are kept. */
export function measurementsDirectory(): string {
	return dataDirectory(process.env);
}
