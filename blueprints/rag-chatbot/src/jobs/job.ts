import type { JobShape, JobState } from "../api/shapes.ts";
import type { IngestTask, JobCounts } from "../ingest/ingest-job.ts";

/** A piece of reading, from being asked for to its end, and its repetition. */
export interface Job {
	id: string;
	collectionId: string;
	/** Whose rights it uses. */
	principal: string;
	task: IngestTask;
	state: JobState;
	counts: JobCounts;
	problem: string | null;
	/** It is done again so long after its end. */
	refreshHours: number | null;
	nextRunAt: Date | null;
	/** The run that this one repeats. */
	previousId: string | null;
	createdAt: Date;
	startedAt: Date | null;
	finishedAt: Date | null;
}

/** Pages known so far, and those of them that are dealt with. */
export interface Reading {
	pages: number;
	done: number;
}

export function isOpen({ state }: Pick<Job, "state">): boolean {
	return state === "waiting" || state === "running";
}

export function toJobShape(job: Job): JobShape {
	return {
		id: job.id,
		collectionId: job.collectionId,
		kind: job.task.kind,
		label: labelOf(job.task),
		state: job.state,
		counts: job.counts,
		problem: job.problem,
		refreshHours: job.refreshHours,
		nextRunAt: job.nextRunAt?.toISOString() ?? null,
		createdAt: job.createdAt.toISOString(),
		startedAt: job.startedAt?.toISOString() ?? null,
		finishedAt: job.finishedAt?.toISOString() ?? null,
	};
}

function labelOf(task: IngestTask): string {
	switch (task.kind) {
		case "sitemap":
			return task.url;
		case "crawl":
		case "urls":
			return some(task.urls, "pages");
		case "files":
			return some(
				task.files.map((file) => file.replace(/^(upload|note):/, "")),
				"files",
			);
		case "refresh":
			return some(task.sources, "pages");
	}
}

function some(names: readonly string[], what: string): string {
	return names.length === 1 ? (names[0] as string) : `${names.length} ${what}`;
}
