import type { JobCounts, PageReport } from "../ingest/ingest-job.ts";
import type { Job } from "./job.ts";

export type JobEvent =
	| { type: "page"; page: PageReport; counts: JobCounts }
	| { type: "end"; job: Job };

interface Watcher {
	/** The latest of each page: one who reads slowly misses steps, not pages. */
	pages: Map<string, PageReport>;
	counts: JobCounts | null;
	ended: Job | null;
	wake: () => void;
}

/** Those who look on while jobs run. */
export class JobWatchers {
	readonly #watchers = new Map<string, Set<Watcher>>();

	/** Jobs that somebody looks at. */
	get jobIds(): string[] {
		return [...this.#watchers.keys()];
	}

	page(jobId: string, page: PageReport, counts: JobCounts): void {
		for (const watcher of this.#watchers.get(jobId) ?? []) {
			watcher.pages.set(page.source, page);
			watcher.counts = counts;
			watcher.wake();
		}
	}

	end(job: Job): void {
		for (const watcher of this.#watchers.get(job.id) ?? []) {
			watcher.ended = job;
			watcher.wake();
		}
	}

	/** From now on; `before` is read once nothing can be missed any more, and comes first. */
	async *watch(
		jobId: string,
		before: () => Promise<{ pages: readonly PageReport[]; job: Job }>,
		signal: AbortSignal,
	): AsyncGenerator<JobEvent> {
		const watcher: Watcher = {
			pages: new Map(),
			counts: null,
			ended: null,
			wake: () => undefined,
		};
		const leave = () => watcher.wake();
		signal.addEventListener("abort", leave, { once: true });
		const all = this.#watchers.get(jobId) ?? new Set<Watcher>();
		this.#watchers.set(jobId, all.add(watcher));
		try {
			const { pages, job } = await before();
			for (const page of pages) {
				const { counts } = job;
				yield { type: "page", page, counts };
			}
			if (job.finishedAt !== null) watcher.ended = job;
			while (!signal.aborted) {
				const counts = watcher.counts ?? job.counts;
				for (const [source, page] of watcher.pages) {
					watcher.pages.delete(source);
					yield { type: "page", page, counts };
				}
				if (watcher.pages.size > 0) continue;
				if (watcher.ended !== null) {
					yield { type: "end", job: watcher.ended };
					return;
				}
				await new Promise<void>((resolve) => {
					watcher.wake = resolve;
					if (signal.aborted) resolve();
				});
			}
		} finally {
			signal.removeEventListener("abort", leave);
			all.delete(watcher);
			if (all.size === 0) this.#watchers.delete(jobId);
		}
	}
}
