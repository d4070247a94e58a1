import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { UsageRow } from "./usage-row.ts";
import { batchOfFile, UsageSegment } from "./usage-segment.ts";
import type { UsageStore } from "./usage-store.ts";

export interface LedgerParts {
	/** Only this gateway's. */
	directory: string;
	store: UsageStore;
	logger: { warn(fields: object, message: string): void };
	/** Into the database. */
	flushMs?: number;
	/** Onto the disk. */
	syncMs?: number;
	/** A file that grows beyond, while the database is away, is written anew with sums. */
	compactBytes?: number;
	/** What is in the database now. */
	onAdded?: (rows: readonly UsageRow[]) => void;
}

/** So long, the end waits for the database. */
/** Records of so long go into one write. */
const gatherMs = 5;
const closeMs = 5000;

/**
 * What is used, on its way into the database:
 *
 *     record -> memory -> a file (within 5 ms) -> the disk (within 200 ms) -> the database (each second)
 *
 * A process that is killed loses what was recorded since its last write began, which is a few milliseconds'. A power cut loses 200 ms. While the database is away files wait, also across restarts; the
 * number that each batch has makes sure that it is added once, whenever the process ends.
 */
export class UsageLedger {
	readonly #parts: Required<LedgerParts>;
	readonly #writer = randomUUID();
	#current: UsageSegment;
	/** Complete, in the order in which they have to be added. */
	#sealed: UsageSegment[] = [];
	#writing: Promise<void> | null = null;
	#flushing: Promise<void> | null = null;
	#timers: NodeJS.Timeout[] = [];
	#isFailing = false;
	/** By `key:ID` and `tenant:NAME`: not in the database yet. */
	readonly #unflushed = new Map<string, number>();

	private constructor(parts: Required<LedgerParts>) {
		this.#parts = parts;
		this.#current = this.#createSegment(1);
	}

	/** With what an earlier process left. */
	static async open(parts: LedgerParts): Promise<UsageLedger> {
		const ledger = new UsageLedger({
			flushMs: 1000,
			syncMs: 200,
			compactBytes: 8_000_000,
			onAdded: () => undefined,
			...parts,
		});
		await ledger.#readLeftovers();
		ledger.#start();
		return ledger;
	}

	record(row: UsageRow): void {
		this.#current.add(row);
		this.#count(row, 1);
		this.#write();
	}

	/** US dollars that aren't in the database's totals yet. */
	unflushed(subject: string): number {
		return this.#unflushed.get(subject) ?? 0;
	}

	/** Resolves when all that was recorded is in files, and nothing more comes. */
	async written(): Promise<void> {
		while (this.#writing !== null) await this.#writing;
	}

	/** Resolves when all that was recorded before is in the database; throws when it is away. */
	async flush(): Promise<void> {
		// One that runs may have begun before the latest records.
		if (this.#flushing !== null) await this.#flushing.catch(() => undefined);
		this.#flushing ??= this.#flushNow().finally(() => {
			this.#flushing = null;
		});
		await this.#flushing;
	}

	/** What can't be added now is added at the next start. */
	async close(): Promise<void> {
		for (const timer of this.#timers.splice(0)) clearInterval(timer);
		const patience = new AbortController();
		await Promise.race([
			this.#tryFlush(),
			delay(closeMs, undefined, { signal: patience.signal, ref: false }).catch(
				() => undefined,
			),
		]);
		patience.abort();
		await this.written();
		for (const segment of [...this.#sealed, this.#current]) {
			await segment.sync();
			await segment.close();
		}
	}

	#start(): void {
		const { flushMs, syncMs } = this.#parts;
		const every = (ms: number, work: () => void) =>
			this.#timers.push(setInterval(work, ms).unref());
		every(flushMs, () => void this.#tryFlush());
		every(syncMs, () => void this.#sync());
	}

	#createSegment(sequence: number): UsageSegment {
		const { directory } = this.#parts;
		return new UsageSegment(directory, { writer: this.#writer, sequence });
	}

	async #readLeftovers(): Promise<void> {
		const { directory, logger } = this.#parts;
		await mkdir(directory, { recursive: true, mode: 0o700 });
		// By name: a writer's in the order of their numbers.
		for (const file of (await readdir(directory)).sort()) {
			if (file.endsWith(".new")) await rm(join(directory, file));
			const batch = batchOfFile(file);
			if (batch === null) continue;
			const segment = new UsageSegment(directory, batch);
			const damaged = await segment.load();
			if (damaged > 0)
				logger.warn(
					{},
					`${damaged} lines of ${segment.path} can't be read and are left out of the usage.`,
				);
			for (const row of segment.sum.rows()) this.#count(row, 1);
			this.#sealed.push(segment);
		}
	}

	/** What comes within a few milliseconds is written together: a write for every request or two took a seventh of a busy gateway's CPU. */
	#write(): void {
		if (this.#writing !== null) return;
		const write = delay(gatherMs).then(() => this.#writeAll());
		this.#writing = write.finally(() => {
			this.#writing = null;
			if (this.#waiting().length > 0) this.#write();
		});
	}

	async #writeAll(): Promise<void> {
		for (const segment of this.#waiting()) {
			try {
				await segment.write(this.#parts.compactBytes);
			} catch (error) {
				this.#complain("can't be written to its file", error);
			}
		}
	}

	#waiting(): UsageSegment[] {
		return [...this.#sealed, this.#current].filter(
			({ isWaiting }) => isWaiting,
		);
	}

	async #sync(): Promise<void> {
		try {
			for (const segment of [...this.#sealed, this.#current])
				await segment.sync();
		} catch (error) {
			this.#complain("can't be written to the disk", error);
		}
	}

	async #tryFlush(): Promise<void> {
		try {
			await this.flush();
			this.#isFailing = false;
		} catch (error) {
			this.#complain(
				"waits in files, because the database can't take it",
				error,
			);
		}
	}

	async #flushNow(): Promise<void> {
		// While older ones wait, the newest goes on growing: many small files would help nobody.
		const isHeldBack = this.#sealed.length >= 2;
		if (!isHeldBack) this.#seal();
		await this.#addSealed();
		if (!isHeldBack) return;
		this.#seal();
		await this.#addSealed();
	}

	#seal(): void {
		if (this.#current.isEmpty) return;
		this.#sealed.push(this.#current);
		this.#current = this.#createSegment(this.#current.batch.sequence + 1);
	}

	async #addSealed(): Promise<void> {
		for (const segment of [...this.#sealed]) {
			const rows = segment.sum.rows();
			await this.#parts.store.add(segment.batch, rows);
			for (const row of rows) this.#count(row, -1);
			this.#parts.onAdded(rows);
			await segment.settled();
			this.#sealed = this.#sealed.filter((other) => other !== segment);
			await segment.remove();
		}
	}

	#count({ key, tenant, costUsd }: UsageRow, sign: 1 | -1): void {
		if (costUsd === null || costUsd === 0) return;
		for (const subject of [`key:${key}`, `tenant:${tenant}`]) {
			const sum = (this.#unflushed.get(subject) ?? 0) + sign * costUsd;
			// Sums of fractions don't come back to zero.
			if (sum < 1e-9) this.#unflushed.delete(subject);
			else this.#unflushed.set(subject, sum);
		}
	}

	/** Once, until it works again. */
	#complain(what: string, error: unknown): void {
		if (this.#isFailing) return;
		this.#isFailing = true;
		const reason = error instanceof Error ? error.message : String(error);
		this.#parts.logger.warn({}, `Usage ${what}: ${reason}`);
	}
}
