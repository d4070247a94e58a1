import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileProgress } from "./download-file.ts";
import { readJournal } from "./download-journal.ts";
import { FileLock, type LockTiming } from "./file-lock.ts";
import { journalPath } from "./partial-file.ts";

interface OnceOptions<Result> {
	/** The folder of the partial file; its lock lies beside it. */
	directory: string;
	/** The finished file, when it is there: looked for before, and while another process works on it. */
	find: () => Promise<Result | null>;
	/** Runs in one process at a time. The signal also aborts when the lock is lost. */
	download: (
		signal: AbortSignal,
		assertHeld: () => Promise<void>,
	) => Promise<Result>;
	/** What another process, which has the lock, has brought so far. */
	onOther: (ownerPid: number | null, progress: FileProgress) => void;
	signal: AbortSignal;
	timing?: Partial<LockTiming>;
}

/** One process downloads; the others wait, show its progress, and the next one takes over when it dies. */
export async function downloadOnce<Result>(
	options: OnceOptions<Result>,
): Promise<Result> {
	const { directory, find, download, onOther, signal, timing } = options;
	const before = await find();
	if (before !== null) return before;
	await mkdir(join(directory, ".."), { recursive: true });
	let finished: Result | null = null;
	const lock = await FileLock.acquire(`${directory}.lock`, {
		signal,
		...(timing === undefined ? {} : { timing }),
		async onWait(ownerPid) {
			finished = await find();
			if (finished !== null) return true;
			const journal = await readJournal(journalPath(directory));
			if (journal !== null)
				onOther(ownerPid, {
					stage: "download",
					receivedBytes: journal.received.total,
					totalBytes: journal.sizeBytes,
				});
			return false;
		},
	});
	if (lock === null) return finished as Result;
	try {
		// It may have been finished between the last look and the lock.
		const meanwhile = await find();
		if (meanwhile !== null) return meanwhile;
		const result = await download(AbortSignal.any([signal, lock.lost]), () =>
			lock.assertHeld(),
		);
		await rm(directory, { recursive: true, force: true });
		return result;
	} finally {
		await lock.release();
	}
}
