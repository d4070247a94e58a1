/** Work that somebody started from outside and looks at later: a benchmark, an evaluation, an optimization. */
export interface Job {
	id: string;
	kind: JobKind;
	/** What was asked for, as it was checked. */
	request: Readonly<Record<string, unknown>>;
	state: "running" | "finished" | "failed" | "cancelled";
	createdAt: string;
	endedAt: string | null;
	/** The latest news of it, in its own words. */
	progress: unknown;
	result: unknown;
	error: string | null;
}

export type JobKind = "benchmark" | "evaluation" | "optimization";

/** Does the work; throws when it can't. */
export type JobWork = (options: {
	onProgress(progress: unknown): void;
	signal: AbortSignal;
}) => Promise<unknown>;
