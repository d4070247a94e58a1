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
