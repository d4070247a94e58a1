/** Parsers of what Linux says of its processors in /proc and /sys. */

/** `0-3,8` to [0, 1, 2, 3, 8]. What is no number is left out; a list is bounded, whatever it claims. */
export function parseCpuList(text: string): number[] {
	const cpus: number[] = [];
	for (const part of text.trim().split(",")) {
		const [, first, last = first] =
			/^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
		if (first === undefined) continue;
		const end = Math.min(Number(last), Number(first) + 8191);
		for (let cpu = Number(first); cpu <= end; cpu++) cpus.push(cpu);
	}
	return cpus;
}

export interface CpuInfo {
	model: string | null;
	features: readonly string[];
}

/** The first processor of /proc/cpuinfo: x86 says `model name` and `flags`, ARM `Features`, and its board at the end. */
export function parseCpuInfo(text: string): CpuInfo {
	const field = (name: string) =>
		new RegExp(`^${name}[ \\t]*:[ \\t]*(.+)$`, "m").exec(text)?.[1]?.trim() ??
		null;
	const features = field("flags") ?? field("Features") ?? "";
	return {
		model: field("model name") ?? field("Hardware") ?? field("Model"),
		features: features.split(/\s+/).filter((feature) => feature !== ""),
	};
}

/**
 * Cores behind a set of logical processors. `siblings` gives for a processor the list of those that share its core
 * (`/sys/devices/system/cpu/cpuN/topology/thread_siblings_list`); a processor without one is its own core.
 */
export function countCores(
	cpus: readonly number[],
	siblings: (cpu: number) => string | null,
): number {
	return new Set(cpus.map((cpu) => siblings(cpu)?.trim() || String(cpu))).size;
}

/** The processors that this process may run on, from /proc/self/status; null when it doesn't say. */
export function parseAllowedCpus(status: string): number[] | null {
	const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1];
	const cpus = list === undefined ? [] : parseCpuList(list);
	return cpus.length === 0 ? null : cpus;
}

export interface MemoryInfo {
	totalBytes: number;
	availableBytes: number;
}

/** /proc/meminfo; null when it lacks the total. */
export function parseMemoryInfo(text: string): MemoryInfo | null {
	const kibibytes = (name: string) => {
		const digits = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
		return digits === undefined ? null : Number(digits) * 1024;
	};
	const totalBytes = kibibytes("MemTotal");
	if (totalBytes === null) return null;
	// Kernels before 3.14 have no MemAvailable.
	const available =
		kibibytes("MemAvailable") ??
		(kibibytes("MemFree") ?? 0) + (kibibytes("Cached") ?? 0);
	return { totalBytes, availableBytes: Math.min(available, totalBytes) };
}

/**
 * Of processors that are not all equal, those that are fast; null where they are all equal or nobody says. Intel names them in a
 * list; ARM gives each processor a capacity of at most 1,024, and its middle cores are taken for fast ones.
 */
export function fastCpus(
	cpus: readonly number[],
	readText: (path: string) => string | null,
): number[] | null {
	const named = readText("/sys/devices/cpu_core/cpus");
	if (named !== null && readText("/sys/devices/cpu_atom/cpus") !== null) {
		const fast = new Set(parseCpuList(named));
		return someButNotAll(
			cpus,
			cpus.filter((cpu) => fast.has(cpu)),
		);
	}
	const capacities = new Map<number, number>();
	for (const cpu of cpus) {
		const text = readText(`/sys/devices/system/cpu/cpu${cpu}/cpu_capacity`);
		if (text === null || !/^\d+$/.test(text.trim())) return null;
		capacities.set(cpu, Number(text.trim()));
	}
	const most = Math.max(...capacities.values());
	return someButNotAll(
		cpus,
		cpus.filter((cpu) => (capacities.get(cpu) ?? 0) >= most / 2),
	);
}

function someButNotAll(
	all: readonly number[],
	some: number[],
): number[] | null {
	return some.length > 0 && some.length < all.length ? some : null;
}

/** `Node 0 MemTotal:  15951648 kB` of /sys/devices/system/node/node0/meminfo; null when it isn't told. */
export function parseNodeMemory(text: string): number | null {
	const kibibytes = /MemTotal:\s*(\d+) kB/.exec(text)?.[1];
	return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
