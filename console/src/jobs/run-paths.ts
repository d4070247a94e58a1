import type { JobKind } from "../api/job-queries.ts";

/** The pages of each kind of run. */
export const runPaths = {
	benchmarks: { all: "/benchmarks", one: "/benchmarks/$id" },
	evaluations: { all: "/evaluations", one: "/evaluations/$id" },
	optimizations: { all: "/optimizations", one: "/optimizations/$id" },
} as const satisfies Record<JobKind, { all: string; one: string }>;
