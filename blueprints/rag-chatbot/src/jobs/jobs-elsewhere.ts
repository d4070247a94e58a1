import type { PageReport } from "../ingest/ingest-job.ts";

/** What is known of jobs that other processes run: tells what is new. */
export class JobsElsewhere {
	readonly #known = new Map<string, Map<string, string>>();

	/** Forgets those that nobody looks at any more. */
	keep(jobIds: readonly string[]): void {
		for (const id of this.#known.keys())
			if (!jobIds.includes(id)) this.#known.delete(id);
	}

	changed(jobId: string, pages: readonly PageReport[]): PageReport[] {
		const known = this.#known.get(jobId) ?? new Map<string, string>();
		this.#known.set(jobId, known);
		return pages.filter((page) => {
			const now = JSON.stringify(page);
			const isNew = known.get(page.source) !== now;
			known.set(page.source, now);
			return isNew;
		});
	}
}
