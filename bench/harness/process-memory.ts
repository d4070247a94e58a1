import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** Memory of one process in bytes, from Linux' /proc. */
export interface ProcessMemory {
	pid: number;
	command: string;
	/** Resident, files mapped into it included. */
	residentBytes: number;
	/** Resident and its own: what the model file mapped from disk does not count in. */
	anonymousBytes: number;
	/** Proportional share: pages that several processes map are divided among them, so these can be added. */
	proportionalBytes: number;
}

/** A process and everything it started, itself first; processes that end meanwhile are left out. Empty where there is no /proc. */
export function readTreeMemory(pid: number): ProcessMemory[] {
	return listTree(pid)
		.map(readMemory)
		.filter((memory) => memory !== null);
}

/** The ids of a process and of everything it started, itself first. */
export function listTree(pid: number): number[] {
	return [pid, ...childrenOf(pid).flatMap(listTree)];
}

export function parseStatus(text: string, field: string): number {
	const value = new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(text)?.[1];
	return value === undefined ? 0 : Number(value) * 1024;
}

function readMemory(pid: number): ProcessMemory | null {
	const status = readProc(`${pid}/status`);
	if (status === null) return null;
	const rollup = readProc(`${pid}/smaps_rollup`) ?? "";
	return {
		pid,
		// Results are published: file names say enough, folders belong to the machine.
		command: (readProc(`${pid}/cmdline`) ?? "")
			.split("\0")
			.map((word) => basename(word))
			.join(" ")
			.trim()
			.slice(0, 200),
		residentBytes: parseStatus(status, "VmRSS"),
		anonymousBytes: parseStatus(status, "RssAnon"),
		proportionalBytes: parseStatus(rollup, "Pss"),
	};
}

function childrenOf(pid: number): number[] {
	let threads: string[];
	try {
		threads = readdirSync(`/proc/${pid}/task`);
	} catch {
		return []; // the process has ended
	}
	return threads.flatMap((thread) =>
		(readProc(`${pid}/task/${thread}/children`) ?? "")
			.split(" ")
			.filter(Boolean)
			.map(Number),
	);
}

function readProc(path: string): string | null {
	try {
		return readFileSync(`/proc/${path}`, "utf8");
	} catch {
		return null; // the process has ended, or this is not Linux
	}
}
