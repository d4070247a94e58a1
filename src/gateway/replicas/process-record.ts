import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { ProcessIdentity } from "./process-identity.ts";

/** What is written down of a process, so that the next gateway of this folder finds it when this one was killed. */
export interface ProcessRecord extends ProcessIdentity {
	/** `starter-chat/1` */
	id: string;
	/** Of its command and its settings: another one is another process. */
	digest: string;
	/** Milliseconds since 1970. */
	launchedAt: number;
}

/** Written at once: between the process and its record nobody should be killed. */
export function writeRecord(path: string, record: ProcessRecord): void {
	writeFileSync(`${path}.partial`, JSON.stringify(record), { mode: 0o600 });
	renameSync(`${path}.partial`, path);
}

export function removeRecord(path: string): void {
	rmSync(path, { force: true });
}

/** Null where none is, or nothing that can be read as one. */
export function readRecord(path: string): ProcessRecord | null {
	let value: unknown;
	try {
		value = JSON.parse(readFileSync(path, "utf8"));
	} catch {
		// Half written, or not there.
		return null;
	}
	if (typeof value !== "object" || value === null) return null;
	const { pid, startedAt, id, digest, launchedAt } = value as Record<
		string,
		unknown
	>;
	return typeof pid === "number" &&
		typeof startedAt === "string" &&
		typeof id === "string" &&
		typeof digest === "string" &&
		typeof launchedAt === "number"
		? { pid, startedAt, id, digest, launchedAt }
		: null;
}
