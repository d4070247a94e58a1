import type { KnowledgeBase } from "galley/store";
import {
	type JobCounts,
	noCounts,
	type PageReport,
} from "../ingest/ingest-job.ts";
import { type RunnerParts, runIngest } from "../ingest/ingest-runner.ts";
import { CollectionTarget } from "../knowledge/collection-target.ts";
import type { Job } from "./job.ts";
import type { JobTable } from "./job-table.ts";
import type { UploadTable } from "./upload-table.ts";

export interface JobParts {
	base: KnowledgeBase;
	table: JobTable;
	uploads: UploadTable;
	runner: RunnerParts;
}

/** Reports come many a second; the database hears of them this often. */
const saveEveryMs = 500;
/** Documents that are asked for by name are listed even if they can't be read. */
const namedKinds = new Set(["urls", "files", "refresh"]);

/** One run of one job. */
export class JobRun {
	readonly job: Job;
	readonly controller = new AbortController();
	counts: JobCounts = noCounts;
	readonly #parts: JobParts;
	readonly #holder: string;
	readonly #onPage: (page: PageReport, counts: JobCounts) => void;
	readonly #unsaved = new Map<string, PageReport>();
	#saving: Promise<void> = Promise.resolve();

	/** `holder` has claimed the job. */
	constructor(
		job: Job,
		holder: string,
		parts: JobParts,
		onPage: (page: PageReport, counts: JobCounts) => void,
	) {
		this.job = job;
		this.#holder = holder;
		this.#parts = parts;
		this.#onPage = onPage;
	}

	/** Throws when the job as a whole can't go on, and the signal's reason when it is stopped. */
	async run(): Promise<void> {
		const { table } = this.#parts;
		const { id, task, previousId } = this.job;
		const timer = setInterval(() => {
			// Only one at a time, or a slow database is asked for more and more; an error shows in the last one.
			this.#saving = this.#saving.then(() => this.#save());
			this.#saving.catch(() => undefined);
		}, saveEveryMs);
		try {
			await this.#read(task);
			if (previousId === null) return;
			await this.#saving;
			await this.#save();
			// What the last run found and this one was not led to may be changed, or gone.
			const sources = await table.leftBehind(previousId, id);
			if (sources.length > 0) await this.#read({ kind: "refresh", sources });
		} finally {
			clearInterval(timer);
			await this.#saving;
			await this.#save();
		}
	}

	/** Reports that the database hasn't heard of. */
	unsaved(): PageReport[] {
		return [...this.#unsaved.values()];
	}

	async #read(task: Job["task"]): Promise<void> {
		const { base, runner, uploads } = this.#parts;
		const { job, counts: before } = this;
		const { signal } = this.controller;
		const target = new CollectionTarget(
			base,
			{ id: job.principal },
			job.collectionId,
			signal,
		);
		const counts = await runIngest(task, target, runner, {
			signal,
			onPage: (page, counts) => {
				this.counts = added(before, counts);
				this.#unsaved.set(page.source, page);
				this.#onPage(page, this.counts);
			},
			file: (source) => uploads.read(job.id, source),
		});
		this.counts = added(before, counts);
	}

	async #save(): Promise<void> {
		const pages = this.unsaved();
		if (pages.length === 0) return;
		const { base, table } = this.#parts;
		const { id, principal, collectionId, task } = this.job;
		await table.savePages(id, this.#holder, pages, this.counts);
		// A later report of the same page stays for the next time.
		for (const page of pages)
			if (this.#unsaved.get(page.source) === page)
				this.#unsaved.delete(page.source);
		if (!namedKinds.has(task.kind)) return;
		for (const { source, problem } of pages)
			if (problem !== null)
				await base.documents.fail(
					{ id: principal },
					collectionId,
					source,
					problem,
				);
	}
}

function added(before: JobCounts, counts: JobCounts): JobCounts {
	return {
		pages: before.pages + counts.pages,
		stored: before.stored + counts.stored,
		unchanged: before.unchanged + counts.unchanged,
		removed: before.removed + counts.removed,
		failed: before.failed + counts.failed,
		chunks: before.chunks + counts.chunks,
	};
}
