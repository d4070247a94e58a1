import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
	idOfRow,
	readRows,
	type UsageRow,
	UsageSum,
	writeRows,
} from "./usage-row.ts";
import type { BatchId } from "./usage-store.ts";

const namePattern = /^([0-9a-f-]{36})-(\d{10})\.jsonl$/;

/** The batch that a file holds; null where it is no file of ours. */
export function batchOfFile(file: string): BatchId | null {
	const [, writer, digits] = namePattern.exec(file) ?? [];
	return writer === undefined ? null : { writer, sequence: Number(digits) };
}

/**
 * A batch on its way into the database: a file that only grows, and its sum in memory. Rows are in the file before they are in the
 * database, and the file goes when they are there.
 */
export class UsageSegment {
	readonly batch: BatchId;
	readonly path: string;
	readonly sum = new UsageSum();
	/** What isn't in the file yet: calls of the same kind that come within one write are one line. */
	#waiting = new UsageSum();
	#file: FileHandle | null = null;
	#bytes = 0;
	#compactedBytes = 0;
	#isDirty = false;
	#isTorn = false;
	#writing: Promise<void> | null = null;

	constructor(directory: string, batch: BatchId) {
		this.batch = batch;
		const digits = String(batch.sequence).padStart(10, "0");
		this.path = join(directory, `${batch.writer}-${digits}.jsonl`);
	}

	/** What an earlier process left: its rows are read into the sum. Resolves how many lines can't be read. */
	async load(): Promise<number> {
		const { rows, damaged } = readRows(await readFile(this.path, "utf8"));
		for (const row of rows) this.sum.add(row);
		return damaged;
	}

	add(row: UsageRow): void {
		const id = idOfRow(row);
		this.sum.add(row, id);
		this.#waiting.add(row, id);
	}

	get isWaiting(): boolean {
		return !this.#waiting.isEmpty;
	}

	get isEmpty(): boolean {
		return this.sum.isEmpty;
	}

	/** Hands what waits to the system: from then on it outlives this process. */
	async write(compactBytes: number): Promise<void> {
		this.#writing =
			this.#bytes > Math.max(compactBytes, 4 * this.#compactedBytes)
				? this.#compact()
				: this.#append();
		try {
			await this.#writing;
		} finally {
			this.#writing = null;
		}
	}

	/** Resolves when nothing waits; for a segment that gets no more rows. */
	async settled(): Promise<void> {
		while (this.#writing !== null || this.isWaiting)
			await (this.#writing?.catch(() => undefined) ??
				new Promise((resolve) => setImmediate(resolve)));
	}

	async #append(): Promise<void> {
		// What can't be written stays in the sum, from which the database gets it.
		const text = writeRows(this.#waiting.rows());
		this.#waiting = new UsageSum();
		this.#file ??= await open(this.path, "a", 0o600);
		// What a failed write left is a line of its own, which nobody can read.
		const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
		this.#isTorn = true;
		const { bytesWritten } = await this.#file.write(bytes);
		if (bytesWritten < bytes.length) throw new Error("The disk is full.");
		this.#isTorn = false;
		this.#bytes += bytes.length;
		this.#isDirty = true;
	}

	/** Onto the disk: from then on it outlives the machine's power. */
	async sync(): Promise<void> {
		if (!this.#isDirty) return;
		this.#isDirty = false;
		await this.#file?.datasync();
	}

	/** The sums in the place of the single rows: the database has been away for long. */
	async #compact(): Promise<void> {
		this.#waiting = new UsageSum();
		const text = writeRows(this.sum.rows());
		const fresh = `${this.path}.new`;
		const file = await open(fresh, "w", 0o600);
		try {
			await file.appendFile(text);
			await file.datasync();
			await rename(fresh, this.path);
		} catch (error) {
			await file.close();
			throw error;
		}
		const before = this.#file;
		this.#file = file;
		this.#bytes = text.length;
		this.#compactedBytes = text.length;
		await before?.close();
	}

	async close(): Promise<void> {
		await this.#file?.close();
		this.#file = null;
	}

	async remove(): Promise<void> {
		await this.close();
		await rm(this.path, { force: true });
	}
}
