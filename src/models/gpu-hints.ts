import type { ReadText } from "./cgroup.ts";

/** A GPU that the operating system knows of, whether or not anything installed here can use it. */
export interface GpuHint {
	vendor: "nvidia" | "amd" | "intel" | "apple";
	/** Null where only the vendor is told. */
	name: string | null;
}

/** PCI's numbers of vendors. Others (server boards' display controllers, virtual machines') can't compute. */
const vendors: ReadonlyMap<string, GpuHint["vendor"]> = new Map([
	["0x10de", "nvidia"],
	["0x1002", "amd"],
	["0x8086", "intel"],
]);

/** `list` answers [] for a folder that isn't there. Containers often see only NVIDIA's own folder or device files. */
export function readLinuxGpus(
	readText: ReadText,
	list: (folder: string) => readonly string[],
): GpuHint[] {
	const nvidia = list("/proc/driver/nvidia/gpus").map((address): GpuHint => {
		const text = readText(`/proc/driver/nvidia/gpus/${address}/information`);
		const name = /^Model:\s*(.+)$/m.exec(text ?? "")?.[1]?.trim() ?? null;
		return { vendor: "nvidia", name };
	});
	if (nvidia.length === 0) {
		const devices = list("/dev").filter((name) => /^nvidia\d+$/.test(name));
		nvidia.push(
			...devices.map((): GpuHint => ({ vendor: "nvidia", name: null })),
		);
	}
	const others: GpuHint[] = [];
	for (const card of list("/sys/class/drm")) {
		if (!/^card\d+$/.test(card)) continue;
		const id = readText(`/sys/class/drm/${card}/device/vendor`)?.trim() ?? "";
		const vendor = vendors.get(id.toLowerCase());
		if (vendor === undefined) continue;
		if (vendor !== "nvidia" || nvidia.length === 0)
			others.push({ vendor, name: null });
	}
	return [...nvidia, ...others];
}
