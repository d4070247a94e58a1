import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { listTree } from "./process-memory.ts";

/**
 * Tells how much of the machine others used during a measurement: all busy time, less that of the server under test and of
 * the load generator. A figure taken while somebody else computes is worth little, and this shows it.
 */
export class CpuWatch {
	readonly #pids: readonly number[];
	readonly #startBusy: number;
	readonly #startOwn: number;
	readonly #startedAt = performance.now();

	constructor(...serverPids: (number | undefined)[]) {
		this.#pids = [
			process.pid,
			...serverPids.flatMap((pid) => (pid === undefined ? [] : listTree(pid))),
		];
		this.#startBusy = readBusyTicks();
		this.#startOwn = this.#ownTicks();
	}

	/** Share of all cores that others used since the start: 0 to 1; null where there is no /proc. */
	foreignShare(): number | null {
		if (this.#startBusy === 0) return null;
		const seconds = (performance.now() - this.#startedAt) / 1000;
		const foreign =
			readBusyTicks() - this.#startBusy - (this.#ownTicks() - this.#startOwn);
		return Math.max(0, foreign / ticksPerSecond / seconds / cpus().length);
	}

	#ownTicks(): number {
		return this.#pids.reduce(
			(sum, pid) => sum + parseProcessTicks(read(`/proc/${pid}/stat`)),
			0,
		);
	}
}

/** Linux' USER_HZ, the same on every architecture that Node runs on. */
const ticksPerSecond = 100;

function readBusyTicks(): number {
	return parseBusyTicks(read("/proc/stat"));
}

/** Everything but idle and waiting for disks; time given to guests is in user time already. */
export function parseBusyTicks(text: string): number {
	const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
		(/^cpu +(.*)$/m.exec(text)?.[1] ?? "").split(" ").map(Number);
	return user + nice + system + irq + softirq + steal;
}

/** User and system time of all threads of a process and of its ended children, from its `stat` line: fields 14 to 17. */
export function parseProcessTicks(text: string): number {
	// The name, field 2, may hold spaces and brackets: count from the last bracket.
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return ""; // not Linux, or the process has ended
	}
}
