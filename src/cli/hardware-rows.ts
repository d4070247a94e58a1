import { formatBytes } from "../models/byte-format.ts";
import { type Hardware, usableThreads } from "../models/hardware.ts";
import type { EnginePackageState } from "./engine-states.ts";

/** What there is to compute with, a row a subject. */
export function describeHardware(
	hardware: Hardware,
	engines: readonly EnginePackageState[],
): [name: string, text: string][] {
	return [
		["Processor", describeProcessor(hardware)],
		["Memory", describeMemory(hardware)],
		...describeGpus(hardware),
		...engines.map((engine): [string, string] => [
			"Engine",
			describeEngine(engine),
		]),
	];
}

export function describeProcessor(hardware: Hardware): string {
	const {
		model,
		physicalCores,
		performanceCores,
		logicalProcessors,
		quota,
		features,
	} = hardware.cpu;
	const limit = quota === null ? "" : `, limited to ${quota}`;
	const fast =
		performanceCores === undefined ? "" : ` (${performanceCores} fast)`;
	const nodes =
		hardware.numa === undefined
			? hardware.numaNodes > 1
				? `, ${hardware.numaNodes} NUMA nodes`
				: ""
			: `, ${hardware.numa.length} NUMA nodes of ${hardware.numa
					.map(({ memoryBytes }) => formatBytes(memoryBytes))
					.join(" + ")}`;
	const cores = `${physicalCores} ${physicalCores === 1 ? "core" : "cores"}${fast} of ${logicalProcessors} logical${limit}${nodes}`;
	const threads = usableThreads(hardware);
	const sets = features.length === 0 ? "" : ` (${features.join(" ")})`;
	return `${model}: ${cores}; ${threads} ${threads === 1 ? "thread" : "threads"} for models${sets}`;
}

export function describeMemory({ memory }: Hardware): string {
	const limit = memory.limitBytes === null ? "" : " (a container's limit)";
	return `${formatBytes(memory.availableBytes)} available of ${formatBytes(memory.totalBytes)}${limit}`;
}

export function describeGpus({ gpus = [] }: Hardware): [string, string][] {
	return gpus.map(({ vendor, name }) => ["GPU", name ?? `of ${vendor}`]);
}

/** What an engine that isn't installed would be good for here, and what it takes to have it. */
export function describeMissingEngine({
	accelerator,
	suitsHardware,
	downloadBytes,
}: EnginePackageState): string {
	const size = downloadBytes === null ? "" : `, ${formatBytes(downloadBytes)}`;
	return suitsHardware
		? `${accelerator} could be of use and isn't installed: galley engines install ${accelerator}${size}`
		: `${accelerator} isn't installed${size}; no GPU for it was found`;
}

function describeEngine(engine: EnginePackageState): string {
	const { accelerator, packageName, isInstalled, failure, probe } = engine;
	if (!isInstalled) return describeMissingEngine(engine);
	if (failure !== null) return `${accelerator} (${packageName}): ${failure}`;
	const devices = (probe?.devices ?? []).map((device) => {
		const free =
			device.type === "cpu"
				? ""
				: `, ${formatBytes(device.memoryFreeBytes)} free`;
		return `${device.name} (${device.description.trim()}${free})`;
	});
	return `${accelerator} (${packageName}, llama.cpp ${probe?.release ?? "unknown"}): ${devices.join(", ") || "no device"}`;
}
