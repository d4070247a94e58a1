import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { type ReadText, readCgroupLimits } from "./cgroup.ts";
import { type GpuHint, readLinuxGpus } from "./gpu-hints.ts";
import {
	countCores,
	fastCpus,
	parseAllowedCpus,
	parseCpuInfo,
	parseCpuList,
	parseMemoryInfo,
	parseNodeMemory,
} from "./linux-cpu.ts";

export interface Hardware {
	platform: string;
	architecture: string;
	cpu: {
		model: string;
		/** Logical processors of the machine. */
		logicalProcessors: number;
		/** Physical cores that this process may run on; hyper-threads of one core count once. */
		physicalCores: number;
		/** Of those the fast ones, where a processor has cores of several kinds; absent where all are equal or nobody says. */
		performanceCores?: number;
		/** Processors' worth of time that a container limit grants; null is no limit. */
		quota: number | null;
		/** Those instruction sets that matter for inference. */
		features: readonly string[];
	};
	memory: {
		/** Of the machine, or what a container limit grants of it. */
		totalBytes: number;
		/** What could be had now without swapping. */
		availableBytes: number;
		/** The container's limit; null is none. */
		limitBytes: number | null;
	};
	numaNodes: number;
	/** Memory and processors of each NUMA node, where there are several. */
	numa?: readonly NumaNode[];
	/** GPUs that the operating system knows of; what an engine can use is for the engine to say. */
	gpus?: readonly GpuHint[];
}

export interface NumaNode {
	node: number;
	memoryBytes: number;
	/** Logical processors of it that this process may use. */
	processors: number;
}

const featuresOfInterest = new Set(
	(
		"sse4_2 avx avx2 avx_vnni avx512f avx512bw avx512_vnni avx512_bf16 amx_int8 amx_bf16 fma f16c " +
		"asimd asimddp fphp asimdhp i8mm bf16 sve sve2 sme"
	).split(" "),
);

/** What there is to compute with, as far as the operating system tells. */
export function readHardware(): Hardware {
	return os.platform() === "linux" ? readLinuxHardware() : readOtherHardware();
}

/** Threads worth starting: one a physical core (a fast one, since a step ends with its slowest thread), and no more than the container's share of time feeds. */
export function usableThreads(hardware: Hardware): number {
	const {
		physicalCores,
		performanceCores = physicalCores,
		quota,
	} = hardware.cpu;
	return Math.max(
		1,
		Math.min(
			performanceCores,
			quota === null ? performanceCores : Math.floor(quota),
		),
	);
}

export function readLinuxHardware(
	readText: ReadText = readTextOrNull,
	list: (folder: string) => readonly string[] = listFolder,
): Hardware {
	const cpuInfo = parseCpuInfo(readText("/proc/cpuinfo") ?? "");
	const logicalProcessors = Math.max(1, os.cpus().length);
	const allowed =
		parseAllowedCpus(readText("/proc/self/status") ?? "") ??
		Array.from({ length: logicalProcessors }, (_, cpu) => cpu);
	const siblings = (cpu: number) =>
		readText(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
	const fast = fastCpus(allowed, readText);
	const nodes = readNumaNodes(readText, list, allowed);
	const cgroup = readCgroupLimits(readText);
	const memory = parseMemoryInfo(readText("/proc/meminfo") ?? "") ?? {
		totalBytes: os.totalmem(),
		availableBytes: os.freemem(),
	};
	const limitBytes =
		cgroup.memoryLimitBytes !== null &&
		cgroup.memoryLimitBytes < memory.totalBytes
			? cgroup.memoryLimitBytes
			: null;
	const room =
		limitBytes === null
			? Number.POSITIVE_INFINITY
			: Math.max(0, limitBytes - (cgroup.memoryUsedBytes ?? 0));
	return {
		platform: "linux",
		architecture: os.arch(),
		cpu: {
			model: cpuInfo.model ?? os.cpus()[0]?.model ?? "unknown",
			logicalProcessors,
			physicalCores: countCores(allowed, siblings),
			...(fast === null
				? {}
				: { performanceCores: countCores(fast, siblings) }),
			quota: cgroup.cpuQuota,
			features: cpuInfo.features.filter((feature) =>
				featuresOfInterest.has(feature),
			),
		},
		memory: {
			totalBytes: limitBytes ?? memory.totalBytes,
			availableBytes: Math.min(memory.availableBytes, room),
			limitBytes,
		},
		numaNodes: Math.max(1, nodes.length),
		...(nodes.length > 1 ? { numa: nodes } : {}),
		gpus: readLinuxGpus(readText, list),
	};
}

/** Node tells logical processors only: x64 machines have mostly two a core, ARM machines one. */
function readOtherHardware(): Hardware {
	const logicalProcessors = Math.max(1, os.cpus().length);
	const hasTwins = os.arch() === "x64" && logicalProcessors > 2;
	return {
		platform: os.platform(),
		architecture: os.arch(),
		cpu: {
			model: os.cpus()[0]?.model.trim() ?? "unknown",
			logicalProcessors,
			physicalCores: hasTwins
				? Math.ceil(logicalProcessors / 2)
				: logicalProcessors,
			quota: null,
			features: [],
		},
		// macOS counts cached files as used: freemem alone would refuse models that fit well.
		memory: {
			totalBytes: os.totalmem(),
			availableBytes:
				os.platform() === "darwin"
					? Math.max(os.freemem(), os.totalmem() * 0.6)
					: os.freemem(),
			limitBytes: null,
		},
		numaNodes: 1,
		gpus:
			os.platform() === "darwin" && os.arch() === "arm64"
				? [{ vendor: "apple", name: os.cpus()[0]?.model.trim() ?? null }]
				: [],
	};
}

function readTextOrNull(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		// What a kernel or a container doesn't show is taken as not limited.
		return null;
	}
}

function readNumaNodes(
	readText: ReadText,
	list: (folder: string) => readonly string[],
	allowed: readonly number[],
): NumaNode[] {
	const folder = "/sys/devices/system/node";
	const mine = new Set(allowed);
	return list(folder)
		.filter((name) => /^node\d+$/.test(name))
		.map((name) => ({
			node: Number(name.slice("node".length)),
			memoryBytes:
				parseNodeMemory(readText(`${folder}/${name}/meminfo`) ?? "") ?? 0,
			processors: parseCpuList(
				readText(`${folder}/${name}/cpulist`) ?? "",
			).filter((cpu) => mine.has(cpu)).length,
		}))
		.sort((left, right) => left.node - right.node);
}

function listFolder(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		// Kernels without NUMA, machines without a GPU and containers have no such folder.
		return [];
	}
}
