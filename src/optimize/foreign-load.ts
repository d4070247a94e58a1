import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/**
 * How much of the machine other programs use during a measurement: all busy time, less that of this process and of the
 * children that it has waited for. A figure taken while somebody else computes is worth little, and this shows it.
 */
export class ForeignLoad {
	readonly #read: (path: string) => string;
	readonly #now: () => number;
	readonly #busyAtStart: number;
	readonly #ownAtStart: number;
	readonly #startedAt: number;

	constructor(
		read: (path: string) => string = readOrNothing,
		now: () => number = () => performance.now(),
	) {
		this.#read = read;
		this.#now = now;
		this.#busyAtStart = busyTicks(read("/proc/stat"));
		this.#ownAtStart = ownTicks(read("/proc/self/stat"));
		this.#startedAt = now();
	}

	/** Share of all processors since the start, 0 to 1; null where the operating system doesn't tell. */
	share(processors = cpus().length): number | null {
		if (this.#busyAtStart === 0) return null;
		const seconds = (this.#now() - this.#startedAt) / 1000;
		const busy = busyTicks(this.#read("/proc/stat")) - this.#busyAtStart;
		const own = ownTicks(this.#read("/proc/self/stat")) - this.#ownAtStart;
		const foreign = (busy - own) / ticksPerSecond;
		return Math.min(1, Math.max(0, foreign / (seconds * processors)));
	}
}

/** Linux' USER_HZ, the same on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Everything but idle and waiting for disks. */
function busyTicks(text: string): number {
	const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
		(/^cpu +(.*)$/m.exec(text)?.[1] ?? "").split(" ").map(Number);
	return user + nice + system + irq + softirq + steal;
}

/** Own and ended children's user and system time: fields 14 to 17. The name, field 2, may hold anything, also brackets. */
function ownTicks(text: string): number {
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	return fields
		.slice(11, 15)
		.reduce((sum, field) => sum + (Number(field) || 0), 0);
}

function readOrNothing(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		// Not Linux.
		return "";
	}
}
