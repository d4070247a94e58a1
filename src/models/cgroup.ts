/**
 * Limits that a container or a systemd unit puts on this process. Version 2 has one tree; version 1 has one a
 * controller; a machine can have both, with the controllers in either. A limit of any ancestor holds as well.
 */
export interface CgroupLimits {
	/** Processors' worth of time; null is no limit. */
	cpuQuota: number | null;
	memoryLimitBytes: number | null;
	/** What counts against the memory limit and can't be taken back; null without a limit. */
	memoryUsedBytes: number | null;
}

export type ReadText = (path: string) => string | null;

/** `readText` answers null for what isn't there. */
export function readCgroupLimits(
	readText: ReadText,
	mount = "/sys/fs/cgroup",
): CgroupLimits {
	const membership = parseMembership(readText("/proc/self/cgroup") ?? "");
	const limits: CgroupLimits = {
		cpuQuota: null,
		memoryLimitBytes: null,
		memoryUsedBytes: null,
	};
	const inspect = (
		folders: readonly string[],
		read: (folder: string) => Partial<CgroupLimits>,
	) => {
		for (const folder of folders) tighten(limits, read(folder));
	};
	if (membership.unified !== null) {
		for (const root of [mount, `${mount}/unified`]) {
			inspect(ancestry(root, membership.unified), (folder) =>
				readVersion2(readText, folder),
			);
		}
	}
	const cpu = membership.controllers.get("cpu");
	if (cpu !== undefined) {
		for (const root of [`${mount}/cpu`, `${mount}/cpu,cpuacct`]) {
			inspect(ancestry(root, cpu), (folder) =>
				readCpuVersion1(readText, folder),
			);
		}
	}
	const memory = membership.controllers.get("memory");
	if (memory !== undefined) {
		inspect(ancestry(`${mount}/memory`, memory), (folder) =>
			readMemoryVersion1(readText, folder),
		);
	}
	return limits;
}

/** Lines of /proc/self/cgroup: `0::/a/b` for version 2, `4:cpu,cpuacct:/a/b` for version 1. */
function parseMembership(text: string): {
	unified: string | null;
	controllers: ReadonlyMap<string, string>;
} {
	let unified: string | null = null;
	const controllers = new Map<string, string>();
	for (const line of text.split("\n")) {
		const [, id, names, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
		if (id === undefined || names === undefined || path === undefined) continue;
		if (id === "0" && names === "") unified = path;
		else for (const name of names.split(",")) controllers.set(name, path);
	}
	return { unified, controllers };
}

/**
 * The folder and all above it. Inside a container the path may be the host's, which isn't mounted here: then only the
 * root exists, and it is the container's own.
 */
function ancestry(root: string, path: string): string[] {
	const folders = [root];
	const names = path
		.split("/")
		.filter((name) => name !== "" && name !== "." && name !== "..");
	for (let depth = 1; depth <= names.length; depth++)
		folders.push(`${root}/${names.slice(0, depth).join("/")}`);
	return folders;
}

function tighten(limits: CgroupLimits, found: Partial<CgroupLimits>): void {
	const {
		cpuQuota = null,
		memoryLimitBytes = null,
		memoryUsedBytes = null,
	} = found;
	if (
		cpuQuota !== null &&
		cpuQuota < (limits.cpuQuota ?? Number.POSITIVE_INFINITY)
	)
		limits.cpuQuota = cpuQuota;
	if (memoryLimitBytes === null) return;
	// Of several limits the one with the least room left is the one that will be hit.
	const room = memoryLimitBytes - (memoryUsedBytes ?? 0);
	const knownRoom =
		limits.memoryLimitBytes === null
			? Number.POSITIVE_INFINITY
			: limits.memoryLimitBytes - (limits.memoryUsedBytes ?? 0);
	if (room >= knownRoom) return;
	limits.memoryLimitBytes = memoryLimitBytes;
	limits.memoryUsedBytes = memoryUsedBytes;
}

function readVersion2(
	readText: ReadText,
	folder: string,
): Partial<CgroupLimits> {
	const [quota, period] = (readText(`${folder}/cpu.max`) ?? "")
		.trim()
		.split(/\s+/);
	return {
		cpuQuota: ratio(quota, period),
		memoryLimitBytes: toLimit(readText(`${folder}/memory.max`)),
		memoryUsedBytes: used(
			readText(`${folder}/memory.current`),
			readText(`${folder}/memory.stat`),
			"inactive_file",
		),
	};
}

function readCpuVersion1(
	readText: ReadText,
	folder: string,
): Partial<CgroupLimits> {
	const quota = readText(`${folder}/cpu.cfs_quota_us`)?.trim();
	return {
		cpuQuota: ratio(quota, readText(`${folder}/cpu.cfs_period_us`)?.trim()),
	};
}

function readMemoryVersion1(
	readText: ReadText,
	folder: string,
): Partial<CgroupLimits> {
	return {
		memoryLimitBytes: toLimit(readText(`${folder}/memory.limit_in_bytes`)),
		memoryUsedBytes: used(
			readText(`${folder}/memory.usage_in_bytes`),
			readText(`${folder}/memory.stat`),
			"total_inactive_file",
		),
	};
}

/** `max` (version 2) and -1 (version 1) are no limit. */
function ratio(
	quota: string | undefined,
	period: string | undefined,
): number | null {
	if (quota === undefined || !/^\d+$/.test(quota) || Number(quota) === 0)
		return null;
	const periodMicroseconds = Number(period ?? 100_000);
	return periodMicroseconds > 0 ? Number(quota) / periodMicroseconds : null;
}

/** Version 1 writes "no limit" as the largest number of whole pages; a petabyte is as good as none. */
function toLimit(text: string | null): number | null {
	if (text === null || !/^\d+$/.test(text.trim())) return null;
	const bytes = Number(text.trim());
	return bytes >= 2 ** 50 ? null : bytes;
}

/** File pages that nobody used lately are given back before anything is killed, so they don't count as used. */
function used(
	usage: string | null,
	statistics: string | null,
	inactiveName: string,
): number | null {
	if (usage === null || !/^\d+$/.test(usage.trim())) return null;
	const inactive = new RegExp(`^${inactiveName} (\\d+)$`, "m").exec(
		statistics ?? "",
	)?.[1];
	return Math.max(0, Number(usage.trim()) - Number(inactive ?? 0));
}
