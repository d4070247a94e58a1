import { execFile } from "node:child_process";
import { enginesDirectory } from "../config/data-directory.ts";
import type { ComputeDevice } from "../engine/llama/devices.ts";
import {
	findInstalledPackages,
	type InstalledEnginePackage,
} from "../engine/llama/packages.ts";
import type { Accelerator } from "../models/profile.ts";
import { type CommandLine, ownCommand } from "./own-command.ts";

export interface DeviceProbe {
	/** The library's own release, e.g. `0.5.0`; null when it can't be loaded. */
	release: string | null;
	devices: readonly ComputeDevice[];
	/** Why there are none. */
	failure: string | null;
}

const probeTimeoutMs = 30_000;

/** Installed engines of this machine, in order of preference. */
export function installedPackages(): InstalledEnginePackage[] {
	return findInstalledPackages({
		packagesFolder: enginesDirectory(process.env),
	});
}

/** Loads an engine's libraries into this process and asks what they compute on. A broken driver can crash it. */
export async function listOwnDevices(
	engine: InstalledEnginePackage,
): Promise<DeviceProbe> {
	const [{ openLibrary }, { listDevices }] = await Promise.all([
		import("../engine/llama/library.ts"),
		import("../engine/llama/devices.ts"),
	]);
	using library = openLibrary(engine);
	library.loadBackends();
	return {
		release: library.version,
		devices: listDevices(library.native),
		failure: null,
	};
}

/** The same in a child process (`galley engines devices`), so that nothing of it stays here, and no crash comes here. */
export function probeDevices(
	name: string,
	command: CommandLine = ownCommand(),
): Promise<DeviceProbe> {
	const words = [...command.words, "engines", "devices", name, "--json"];
	return new Promise((resolve) => {
		execFile(
			command.executable,
			words,
			{ timeout: probeTimeoutMs, windowsHide: true },
			(error, stdout, stderr) => {
				const probe = error === null ? parseProbe(stdout) : null;
				if (probe !== null) {
					resolve(probe);
					return;
				}
				const reason = stderr.trim().replace(/^galley: /, "");
				const ending =
					error?.signal == null
						? `exit code ${error?.code ?? 0}`
						: `signal ${error.signal}`;
				resolve({
					release: null,
					devices: [],
					failure:
						reason === ""
							? `its libraries ended the process (${ending})`
							: reason,
				});
			},
		);
	});
}

function parseProbe(text: string): DeviceProbe | null {
	try {
		return JSON.parse(text) as DeviceProbe;
	} catch {
		// A library that writes to stdout; what it wrote is no answer.
		return null;
	}
}

/** What the profile may count on: the GPU that the preferred engine finds here. Null keeps to the CPU. */
export async function findAccelerator(
	engines: readonly InstalledEnginePackage[] = installedPackages(),
): Promise<Accelerator | null> {
	const [best] = engines;
	if (best === undefined || best.accelerator === "cpu") return null;
	return toAccelerator(best, await probeDevices(best.name));
}

export function toAccelerator(
	engine: InstalledEnginePackage,
	probe: DeviceProbe,
): Accelerator | null {
	const gpus = probe.devices.filter(
		({ type }) => type === "gpu" || type === "integrated-gpu",
	);
	if (engine.accelerator === "cpu" || gpus.length === 0) return null;
	const availableBytes = gpus.reduce(
		(sum, gpu) => sum + gpu.memoryFreeBytes,
		0,
	);
	return {
		kind: engine.accelerator,
		availableBytes: availableBytes > 0 ? availableBytes : null,
	};
}
