import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { type GgufMetadata, readGgufMetadata } from "./gguf-metadata.ts";
import type { Hardware } from "./hardware.ts";

/** Which model, whatever its file is called. */
export interface ModelIdentity {
	sizeBytes: number;
	/** Hex SHA-256 of the file's size, its table of tensors and samples of its bytes. */
	digest: string;
}

const samples = 64;
const sampleBytes = 64 * 1024;

/**
 * Reading all of a large model takes minutes; its size, what tensors it has, and 4 MiB spread evenly over it tell it from any
 * other that somebody could have. Of a split model the first part is looked at. Throws as `readGgufMetadata` does.
 */
export async function identifyModel(path: string): Promise<ModelIdentity> {
	const metadata = await readGgufMetadata(path);
	const hash = createHash("sha256");
	hash.update(describeTensors(metadata));
	const { sizeBytes } = metadata;
	const file = await open(path, "r");
	try {
		const buffer = Buffer.alloc(Math.min(sampleBytes, sizeBytes));
		const last = sizeBytes - buffer.length;
		for (let index = 0; index < samples; index++) {
			const position = Math.floor((last * index) / (samples - 1));
			const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
			hash.update(buffer.subarray(0, bytesRead));
			if (last === 0) break;
		}
	} finally {
		await file.close();
	}
	return { sizeBytes, digest: hash.digest("hex") };
}

function describeTensors({ sizeBytes, tensors }: GgufMetadata): string {
	return JSON.stringify([
		sizeBytes,
		...tensors.map(({ name, shape, type, offset }) => [
			name,
			shape,
			type.name,
			offset,
		]),
	]);
}

/** What a measurement depends on besides the model. */
export interface MachineIdentity {
	cpu: string;
	platform: string;
	architecture: string;
	physicalCores: number;
	logicalProcessors: number;
	/** Processors' worth of time that a container may use; null is no limit. */
	quota: number | null;
	features: readonly string[];
	/** Total memory, rounded to whole GiB: kernels keep back a little more or less of it from boot to boot. */
	memoryGiB: number;
	/** E.g. `cuda`; `cpu` where nothing else computes. */
	device: string;
}

export function identifyMachine(
	{ platform, architecture, cpu, memory }: Hardware,
	device = "cpu",
): MachineIdentity {
	return {
		cpu: cpu.model,
		platform,
		architecture,
		physicalCores: cpu.physicalCores,
		logicalProcessors: cpu.logicalProcessors,
		quota: cpu.quota,
		features: [...cpu.features].sort(),
		memoryGiB: Math.round(memory.totalBytes / 1024 ** 3),
		device,
	};
}

/** Short names for folders. */
export function modelKey({ digest }: ModelIdentity): string {
	return digest.slice(0, 16);
}

export function machineKey(machine: MachineIdentity): string {
	return createHash("sha256")
		.update(JSON.stringify(machine))
		.digest("hex")
		.slice(0, 12);
}

/** In what two machines differ, for people; null when they are the same. */
export function machineDifference(
	measured: MachineIdentity,
	here: MachineIdentity,
): string | null {
	for (const field of Object.keys(here) as (keyof MachineIdentity)[]) {
		const [then, now] = [measured[field], here[field]].map(String);
		if (then !== now) return `${field} was ${then} and is ${now}`;
	}
	return null;
}
