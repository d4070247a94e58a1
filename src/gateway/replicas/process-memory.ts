import { readFile } from "node:fs/promises";

/** A service is a few processes; more is no service's. */
const mostProcesses = 256;

/**
 * Bytes that a process and all that it has started hold in memory now; null where the system doesn't tell, or it is gone. Mapped
 * weights count once for each process that reads them, though the machine may hold them once: rather too much than too little.
 * https://man7.org/linux/man-pages/man5/proc_pid_status.5.html, https://man7.org/linux/man-pages/man5/proc_tid_children.5.html
 */
export async function processTreeMemory(
	pid: number,
	read: (path: string) => Promise<string | null> = readOrNull,
): Promise<number | null> {
	const own = residentBytes(await read(`/proc/${pid}/status`));
	if (own === null) return null;
	let total = own;
	const tree = [pid];
	for (const parent of tree) {
		// A child belongs to the thread that started it; Node starts all of them in its main one.
		const children = await read(`/proc/${parent}/task/${parent}/children`);
		for (const word of children?.split(" ") ?? []) {
			const child = Number(word);
			const isNew = child > 0 && !tree.includes(child);
			if (!isNew || tree.length >= mostProcesses) continue;
			tree.push(child);
			total += residentBytes(await read(`/proc/${child}/status`)) ?? 0;
		}
	}
	return total;
}

function residentBytes(status: string | null): number | null {
	const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? "") ?? [];
	return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

async function readOrNull(path: string): Promise<string | null> {
	try {
		return await readFile(path, "utf8");
	} catch {
		// It has ended, or this system has no /proc.
		return null;
	}
}
