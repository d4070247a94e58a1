import { randomUUID } from "node:crypto";
import type {
	IngestTask,
	JobCounts,
	PageReport,
} from "../ingest/ingest-job.ts";
import type { UploadedFile } from "../ingest/ingest-runner.ts";
import { isOpen, type Job } from "./job.ts";
import { type JobParts, JobRun } from "./job-run.ts";
import { type JobEvent, JobWatchers } from "./job-watchers.ts";

export interface JobManagerOptions {
	/** At a time; one of a collection in any case. */
	maxJobs: number;
	/** How often it is looked whether a repetition is due. */
	repeatCheckMs: number;
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

/** Runs jobs, in the order in which they were asked for; those that a stopped process left are taken up again. */
export class JobManager {
	readonly #parts: JobParts;
	readonly #options: JobManagerOptions;
	readonly #watchers = new JobWatchers();
	readonly #running = new Map<string, { run: JobRun; ended: Promise<void> }>();
	#waiting: Job[] = [];
	#isClosed = false;
	#timer: NodeJS.Timeout | null = null;

	constructor(parts: JobParts, options: JobManagerOptions) {
		this.#parts = parts;
		this.#options = options;
	}

	/** Takes up what is open in the database, and the repetitions. Call it once. */
	async start(): Promise<void> {
		const { table, uploads } = this.#parts;
		this.#waiting = await table.open();
		await uploads.sweep(new Set(this.#waiting.map(({ id }) => id)));
		this.#pump();
		const { repeatCheckMs, onProblem } = this.#options;
		this.#timer = setInterval(() => {
			this.repeatDue().catch((error: unknown) =>
				onProblem(error, "Repetitions could not be looked up"),
			);
		}, repeatCheckMs);
	}

	/** Jobs that run stay open in the database: the next start goes on with them. */
	async close(): Promise<void> {
		this.#isClosed = true;
		if (this.#timer !== null) clearInterval(this.#timer);
		const running = [...this.#running.values()];
		for (const { run } of running)
			run.controller.abort(new Error("The server is shutting down."));
		await Promise.all(running.map(({ ended }) => ended));
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
		if (files.length > 0) await uploads.save(id, files);
		try {
			const job = await table.insert({
				id,
				collectionId,
				principal,
				task,
				refreshHours,
				previousId: null,
			});
			this.#waiting.push(job);
			this.#pump();
			return job;
		} catch (error) {
			await uploads.remove(id);
			throw error;
		}
	}

	/** Null when there is none. */
	async get(id: string): Promise<Job | null> {
		const job = await this.#parts.table.get(id);
		const run = this.#running.get(id)?.run;
		return job !== null && run !== undefined
			? { ...job, counts: run.counts }
			: job;
	}

	async list(collectionId: string, limit = 100): Promise<Job[]> {
		const jobs = await this.#parts.table.ofCollection(collectionId, limit);
		return jobs.map((job) => {
			const counts = this.#running.get(job.id)?.run.counts ?? job.counts;
			return { ...job, counts };
		});
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
		const running = this.#running.get(job.id);
		if (running !== undefined) {
			running.run.controller.abort(new CancelledError());
			await running.ended;
		} else if (isOpen(job)) {
			this.#waiting = this.#waiting.filter(({ id }) => id !== job.id);
			await this.#end(job, "cancelled", job.counts, null);
		}
		await this.#parts.table.stopRepeating(job.id);
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
		this.#waiting.push(...(await this.#parts.table.repeatDue()));
		this.#pump();
	}

	#pump(): void {
		if (this.#isClosed) return;
		for (const job of [...this.#waiting]) {
			if (this.#running.size >= this.#options.maxJobs) return;
			const isTaken = [...this.#running.values()].some(
				({ run }) => run.job.collectionId === job.collectionId,
			);
			if (isTaken) continue;
			this.#waiting = this.#waiting.filter(({ id }) => id !== job.id);
			const run = new JobRun(job, this.#parts, (page, counts) => {
				this.#options.onPage(page);
				this.#watchers.page(job.id, page, counts);
			});
			const ended = this.#run(run).catch((error: unknown) =>
				this.#options.onProblem(error, `Job ${job.id} could not be closed`),
			);
			this.#running.set(job.id, { run, ended });
			this.#options.onRunning(this.#running.size);
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
		const ended = await this.#parts.table.end(job.id, state, counts, problem);
		await this.#parts.uploads.remove(job.id);
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
