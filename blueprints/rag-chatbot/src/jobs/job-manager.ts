import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type {
	IngestTask,
	JobCounts,
	PageReport,
} from "../ingest/ingest-job.ts";
import type { UploadedFile } from "../ingest/ingest-runner.ts";
import { isOpen, type Job, type Reading } from "./job.ts";
import { type JobParts, JobRun } from "./job-run.ts";
import { type JobEvent, JobWatchers } from "./job-watchers.ts";
import { JobsElsewhere } from "./jobs-elsewhere.ts";

export interface JobManagerOptions {
	/** At a time; one of a collection in any case. */
	maxJobs: number;
	/** How often it is looked whether a repetition is due. */
	repeatCheckMs: number;
	/** Another process takes a job over when nothing was heard of its process for so long. */
	leaseMs: number;
	/** How often it is looked what other processes left or did. */
	pollMs: number;
	/** No other process has this database: what is running in it is nobody's any more. */
	isAlone: boolean;
	onPage(page: PageReport): void;
	/** How many run now. */
	onRunning(count: number): void;
	onProblem(problem: unknown, what: string): void;
}

export interface AskedJob {
	/** Whose rights it uses: whether they suffice is checked by who calls. */
	principal: string;
	collectionId: string;
	task: IngestTask;
	files?: readonly UploadedFile[];
	refreshHours?: number | null;
}

const pagesShown = 2000;
/** So many new chunks are worth the pause in which the database tidies up. */
const muchWritten = 2000;

/**
 * Runs jobs, in the order in which they were asked for; those that a stopped process left are taken up again. Several processes may
 * share a database: each job is run by the one that holds it.
 */
export class JobManager {
	readonly #parts: JobParts;
	readonly #options: JobManagerOptions;
	readonly #watchers = new JobWatchers();
	readonly #running = new Map<string, { run: JobRun; ended: Promise<void> }>();
	/** This process, in the table of jobs. */
	readonly #holder = randomUUID();
	readonly #elsewhere = new JobsElsewhere();
	readonly #timers: NodeJS.Timeout[] = [];
	#isClosed = false;
	#claiming: Promise<void> | null = null;
	#isMoreToClaim = false;

	constructor(parts: JobParts, options: JobManagerOptions) {
		this.#parts = parts;
		this.#options = options;
	}

	/** Takes up what is open in the database, and the repetitions. Call it once. */
	async start(): Promise<void> {
		const { table } = this.#parts;
		const { repeatCheckMs, leaseMs, pollMs, isAlone } = this.#options;
		if (isAlone) await table.release(null);
		await this.#claim();
		this.#every(repeatCheckMs, "Repetitions could not be looked up", () =>
			this.repeatDue(),
		);
		this.#every(leaseMs / 3, "Jobs could not be held", () => this.#renew());
		this.#every(pollMs, "Jobs could not be looked up", async () => {
			await this.#claim();
			await this.#lookElsewhere();
		});
	}

	/** One at a time: a slow database is not asked for more and more. */
	#every(ms: number, problem: string, what: () => Promise<void>): void {
		let isBusy = false;
		const timer = setInterval(() => {
			if (isBusy || this.#isClosed) return;
			isBusy = true;
			what()
				.catch((error: unknown) => {
					if (!this.#isClosed) this.#options.onProblem(error, problem);
				})
				.finally(() => {
					isBusy = false;
				});
		}, ms);
		this.#timers.push(timer);
	}

	/** Jobs that run stay open in the database: the next start, or another process, goes on with them. */
	async close(): Promise<void> {
		this.#isClosed = true;
		for (const timer of this.#timers) clearInterval(timer);
		await this.#claiming;
		const running = [...this.#running.values()];
		for (const { run } of running)
			run.controller.abort(new Error("The server is shutting down."));
		await Promise.all(running.map(({ ended }) => ended));
		await this.#parts.table.release(this.#holder);
	}

	async add({
		principal,
		collectionId,
		task,
		files = [],
		refreshHours = null,
	}: AskedJob): Promise<Job> {
		const id = randomUUID();
		const { table, uploads } = this.#parts;
		const job = await table.insert(
			{ id, collectionId, principal, task, refreshHours, previousId: null },
			(transaction) => uploads.save(transaction, id, files),
		);
		this.#pump();
		return job;
	}

	/** Null when there is none. */
	async get(id: string): Promise<Job | null> {
		const job = await this.#parts.table.get(id);
		return job && this.#withCounts(job);
	}

	async list(collectionId: string, limit = 100): Promise<Job[]> {
		const jobs = await this.#parts.table.ofCollection(collectionId, limit);
		return jobs.map((job) => this.#withCounts(job));
	}

	/** Of these collections, those whose pages are still read for the first time, and how far that is. */
	async readings(
		collectionIds: readonly string[],
	): Promise<Map<string, Reading>> {
		const readings = new Map<string, Reading>();
		if (collectionIds.length === 0) return readings;
		for (const job of await this.#parts.table.firstReadings(collectionIds)) {
			const { pages, stored, unchanged, removed, failed } =
				this.#withCounts(job).counts;
			const before = readings.get(job.collectionId);
			readings.set(job.collectionId, {
				pages: pages + (before?.pages ?? 0),
				done: stored + unchanged + removed + failed + (before?.done ?? 0),
			});
		}
		return readings;
	}

	/** What a job that runs here has counted is newer than what the database has. */
	#withCounts(job: Job): Job {
		const counts = this.#running.get(job.id)?.run.counts ?? job.counts;
		return { ...job, counts };
	}

	/** Pages and how they fared, failures first. */
	async pages(id: string): Promise<PageReport[]> {
		const saved = await this.#parts.table.pages(id, pagesShown);
		const unsaved = this.#running.get(id)?.run.unsaved() ?? [];
		const latest = new Map(
			[...saved, ...unsaved].map((page) => [page.source, page]),
		);
		return [...latest.values()];
	}

	/** Stops it, and its repetitions. What it stored stays. Resolves when it has ended. */
	async cancel(job: Job): Promise<void> {
		const { table, uploads } = this.#parts;
		const running = this.#running.get(job.id);
		if (running !== undefined) {
			running.run.controller.abort(new CancelledError());
			await running.ended;
		} else if (isOpen(job)) {
			const ended = await table.cancel(job.id);
			if (ended !== null) {
				await uploads.remove(job.id);
				this.#watchers.end(ended);
			} else await this.#endElsewhere(job.id);
		}
		await table.stopRepeating(job.id);
	}

	/** Another process runs it and has been asked to stop: it does, or its lease ends and nobody runs it. */
	async #endElsewhere(id: string): Promise<void> {
		const { table, uploads } = this.#parts;
		const { leaseMs, pollMs } = this.#options;
		const until = performance.now() + 2 * leaseMs;
		while (performance.now() < until) {
			const job = await table.get(id);
			if (job === null || !isOpen(job)) return;
			if ((await table.cancel(id)) !== null) return uploads.remove(id);
			await delay(Math.min(pollMs, 250));
		}
	}

	/** Before a collection goes: nothing may write to it any more. */
	async cancelAll(collectionId: string): Promise<void> {
		for (const job of await this.list(collectionId, 10_000))
			if (isOpen(job)) await this.cancel(job);
	}

	/** What is known of a job's pages, what happens to them from now on, and its end. */
	watch(job: Job, signal: AbortSignal): AsyncGenerator<JobEvent> {
		return this.#watchers.watch(
			job.id,
			async () => ({
				pages: await this.pages(job.id),
				job: (await this.get(job.id)) ?? job,
			}),
			signal,
		);
	}

	async repeatDue(): Promise<void> {
		if (this.#isClosed) return;
		await this.#parts.table.repeatDue();
		await this.#claim();
	}

	#pump(): void {
		this.#claim().catch((error: unknown) => {
			// The next look will tell more.
			if (!this.#isClosed)
				this.#options.onProblem(error, "Jobs could not be looked up");
		});
	}

	/** Takes as many jobs as may run here. */
	#claim(): Promise<void> {
		this.#isMoreToClaim = true;
		this.#claiming ??= this.#claimAll().finally(() => {
			this.#claiming = null;
		});
		return this.#claiming;
	}

	async #claimAll(): Promise<void> {
		const { leaseMs, maxJobs } = this.#options;
		// What is added while one looks may be missed by that look.
		while (this.#isMoreToClaim) {
			this.#isMoreToClaim = false;
			while (!this.#isClosed && this.#running.size < maxJobs) {
				const job = await this.#parts.table.claim(this.#holder, leaseMs);
				if (job === null) break;
				this.#begin(job);
			}
		}
	}

	#begin(job: Job): void {
		const run = new JobRun(job, this.#holder, this.#parts, (page, counts) => {
			this.#options.onPage(page);
			this.#watchers.page(job.id, page, counts);
		});
		const ended = this.#run(run).catch((error: unknown) =>
			this.#options.onProblem(error, `Job ${job.id} could not be closed`),
		);
		this.#running.set(job.id, { run, ended });
		this.#options.onRunning(this.#running.size);
	}

	/** Those that were lost meanwhile, because this process was silent for too long, are left to their new holder. */
	async #renew(): Promise<void> {
		if (this.#running.size === 0) return;
		const before = [...this.#running];
		const held = new Map(
			(await this.#parts.table.renew(this.#holder, this.#options.leaseMs)).map(
				({ id, isCancelAsked }) => [id, isCancelAsked],
			),
		);
		for (const [id, { run }] of before) {
			const isCancelAsked = held.get(id);
			if (isCancelAsked === undefined)
				run.controller.abort(new Error("Another process has this job now."));
			else if (isCancelAsked) run.controller.abort(new CancelledError());
		}
	}

	/** Those who look on here at what runs elsewhere learn of it by the database. */
	async #lookElsewhere(): Promise<void> {
		const { table } = this.#parts;
		const ids = this.#watchers.jobIds.filter((id) => !this.#running.has(id));
		this.#elsewhere.keep(ids);
		for (const id of ids) {
			const job = await table.get(id);
			if (job === null) continue;
			const pages = await table.pages(id, pagesShown);
			for (const page of this.#elsewhere.changed(id, pages))
				this.#watchers.page(id, page, job.counts);
			if (!isOpen(job)) this.#watchers.end(job);
		}
	}

	async #run(run: JobRun): Promise<void> {
		const { job, controller } = run;
		try {
			await run.run();
			await this.#end(job, "finished", run.counts, null);
			if (run.counts.chunks >= muchWritten) await this.#parts.base.maintain();
		} catch (error) {
			const { reason } = controller.signal;
			if (reason instanceof CancelledError)
				await this.#end(job, "cancelled", run.counts, null);
			else if (!controller.signal.aborted) {
				const problem = error instanceof Error ? error.message : String(error);
				await this.#end(job, "failed", run.counts, problem);
			}
		} finally {
			this.#running.delete(job.id);
			this.#options.onRunning(this.#running.size);
			this.#pump();
		}
	}

	async #end(
		job: Job,
		state: "finished" | "cancelled" | "failed",
		counts: JobCounts,
		problem: string | null,
	): Promise<void> {
		const { table, uploads } = this.#parts;
		const ended = await table.end(job.id, this.#holder, state, counts, problem);
		if (ended !== null) await uploads.remove(job.id);
		// Another process has it and will say how it ended.
		else if ((await table.get(job.id)) !== null) return;
		// Its collection may have gone, and its row with it.
		this.#watchers.end(
			ended ?? { ...job, state, counts, problem, finishedAt: new Date() },
		);
	}
}

class CancelledError extends Error {
	override readonly name = "CancelledError";

	constructor() {
		super("The job was cancelled.");
	}
}
