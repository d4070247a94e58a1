import { describe, expect, it } from "vitest";
import { readHardware, readLinuxHardware, usableThreads } from "./hardware.ts";

const machine = {
	"/proc/cpuinfo": "model name\t: Fast One\nflags\t\t: fpu avx2 fma nonsense\n",
	"/proc/self/status": "Cpus_allowed_list:\t0-3\n",
	"/proc/meminfo": "MemTotal: 1000000 kB\nMemAvailable: 800000 kB\n",
	"/sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0-1\n",
	"/sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "0-1\n",
	"/sys/devices/system/cpu/cpu2/topology/thread_siblings_list": "2-3\n",
	"/sys/devices/system/cpu/cpu3/topology/thread_siblings_list": "2-3\n",
};

const folders: Readonly<Record<string, readonly string[]>> = {
	"/sys/devices/system/node": ["node0", "node1", "online"],
	"/proc/driver/nvidia/gpus": ["0000:01:00.0"],
	"/sys/class/drm": ["card0", "card0-DP-1", "card1", "card2"],
};

function read(files: Readonly<Record<string, string>>) {
	return readLinuxHardware(
		(path) => files[path] ?? null,
		(folder) => folders[folder] ?? [],
	);
}

describe("readLinuxHardware", () => {
	it("describes a machine without limits", () => {
		expect(read(machine)).toMatchObject({
			platform: "linux",
			cpu: {
				model: "Fast One",
				physicalCores: 2,
				quota: null,
				features: ["avx2", "fma"],
			},
			memory: {
				totalBytes: 1_024_000_000,
				availableBytes: 819_200_000,
				limitBytes: null,
			},
			numaNodes: 2,
		});
	});

	it("tells the memory and the processors of NUMA nodes", () => {
		const { numa } = read({
			...machine,
			"/sys/devices/system/node/node0/meminfo":
				"Node 0 MemTotal: 600000 kB\nNode 0 MemFree: 1 kB\n",
			"/sys/devices/system/node/node1/meminfo": "Node 1 MemTotal: 400000 kB\n",
			"/sys/devices/system/node/node0/cpulist": "0-2,64-66\n",
			"/sys/devices/system/node/node1/cpulist": "3,67\n",
		});
		expect(numa).toEqual([
			{ node: 0, memoryBytes: 614_400_000, processors: 3 },
			{ node: 1, memoryBytes: 409_600_000, processors: 1 },
		]);
	});

	it("knows which GPUs are there, each once, and leaves out what can't compute", () => {
		const { gpus } = read({
			...machine,
			"/proc/driver/nvidia/gpus/0000:01:00.0/information":
				"Model: \t\t NVIDIA L4\nIRQ: 7\n",
			"/sys/class/drm/card0/device/vendor": "0x10de\n",
			"/sys/class/drm/card1/device/vendor": "0x1002\n",
			"/sys/class/drm/card2/device/vendor": "0x1a03\n",
		});
		expect(gpus).toEqual([
			{ vendor: "nvidia", name: "NVIDIA L4" },
			{ vendor: "amd", name: null },
		]);
	});

	it("counts fast cores where a processor has slow ones too", () => {
		const intel = read({
			...machine,
			"/sys/devices/cpu_core/cpus": "0-1\n",
			"/sys/devices/cpu_atom/cpus": "2-3\n",
		});
		expect(intel.cpu).toMatchObject({ physicalCores: 2, performanceCores: 1 });
		expect(usableThreads(intel)).toBe(1);
		const capacity = (cpu: number, value: number) => ({
			[`/sys/devices/system/cpu/cpu${cpu}/cpu_capacity`]: `${value}\n`,
		});
		const arm = {
			"/proc/self/status": "Cpus_allowed_list:\t0-3\n",
			...capacity(0, 325),
			...capacity(1, 325),
			...capacity(2, 870),
			...capacity(3, 1024),
		};
		expect(read(arm).cpu).toMatchObject({
			physicalCores: 4,
			performanceCores: 2,
		});
		expect(
			read({ ...arm, ...capacity(0, 1024), ...capacity(1, 1024) }).cpu,
		).not.toHaveProperty("performanceCores");
	});

	it("sees only what the container grants", () => {
		const hardware = read({
			...machine,
			"/proc/self/cgroup": "0::/\n",
			"/sys/fs/cgroup/cpu.max": "100000 100000\n",
			"/sys/fs/cgroup/memory.max": "500000000\n",
			"/sys/fs/cgroup/memory.current": "100000000\n",
		});
		expect(hardware.cpu.quota).toBe(1);
		expect(hardware.memory).toEqual({
			totalBytes: 500_000_000,
			availableBytes: 400_000_000,
			limitBytes: 500_000_000,
		});
		expect(usableThreads(hardware)).toBe(1);
	});

	it("ignores a limit above what the machine has", () => {
		const files = {
			...machine,
			"/proc/self/cgroup": "0::/\n",
			"/sys/fs/cgroup/memory.max": "99000000000\n",
		};
		expect(read(files).memory).toMatchObject({
			totalBytes: 1_024_000_000,
			limitBytes: null,
		});
	});

	it("still answers where nothing can be read", () => {
		const hardware = read({});
		expect(hardware.cpu.physicalCores).toBeGreaterThan(0);
		expect(hardware.memory.totalBytes).toBeGreaterThan(0);
	});
});

describe("usableThreads", () => {
	const withCpu = (physicalCores: number, quota: number | null) =>
		usableThreads({
			...read(machine),
			cpu: { ...read(machine).cpu, physicalCores, quota },
		});

	it("is one a physical core, less where time is rationed, never none", () => {
		expect(withCpu(8, null)).toBe(8);
		expect(withCpu(8, 3.7)).toBe(3);
		expect(withCpu(8, 0.5)).toBe(1);
		expect(withCpu(2, 16)).toBe(2);
	});
});

describe("readHardware", () => {
	it("describes the machine that this runs on", () => {
		const hardware = readHardware();
		expect(hardware.cpu.physicalCores).toBeLessThanOrEqual(
			hardware.cpu.logicalProcessors,
		);
		expect(hardware.memory.availableBytes).toBeLessThanOrEqual(
			hardware.memory.totalBytes,
		);
		expect(usableThreads(hardware)).toBeGreaterThanOrEqual(1);
	});
});
