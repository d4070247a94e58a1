import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { z } from "zod";

/** The rest is for the system, its file cache and the gateway. */
export const usualShare = 0.8;

const units: Readonly<Record<string, number>> = {
	MB: 1e6,
	GB: 1e9,
	MiB: 2 ** 20,
	GiB: 2 ** 30,
};

/** `gateway.memoryBudget`: `12GB`, `75%` of the machine's memory, or `off`. */
export const memoryBudgetSchema = z
	.string()
	.regex(
		/^(\d+(\.\d+)?\s*(MB|GB|MiB|GiB)|[1-9]\d?%|100%|off)$/,
		"is a size like 12GB or 800MiB, a share of the machine's memory like 75%, or off",
	)
	.default(`${usualShare * 100}%`);

/** Null where none is kept. */
export function memoryBudgetBytes(
	text: string,
	machineBytes = machineMemoryBytes(),
): number | null {
	if (text === "off") return null;
	if (text.endsWith("%"))
		return Math.floor((machineBytes * Number(text.slice(0, -1))) / 100);
	const [, number = "", unit = ""] = /^([\d.]+)\s*(\w+)$/.exec(text) ?? [];
	return Math.floor(Number(number) * (units[unit] ?? 1));
}

/** What this process and its children may use: the machine's memory, or less where a control group says so. */
function machineMemoryBytes(): number {
	// Without a limit it is 0, or more than there is.
	const limit = process.constrainedMemory();
	return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What replicas took when they ran last, by service; survives the gateway. */
export class KnownMemory {
	readonly bytes: Map<string, number>;
	readonly #path: string;

	constructor(path: string) {
		this.#path = path;
		this.bytes = new Map(Object.entries(readNumbers(path)));
	}

	async save(): Promise<void> {
		const text = JSON.stringify(Object.fromEntries(this.bytes));
		await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
		await rename(`${this.#path}.new`, this.#path);
	}
}

function readNumbers(path: string): Record<string, number> {
	try {
		return z
			.record(z.string(), z.number().nonnegative())
			.parse(JSON.parse(readFileSync(path, "utf8")));
	} catch {
		// None yet, or not readable: estimates do until the services have run.
		return {};
	}
}
