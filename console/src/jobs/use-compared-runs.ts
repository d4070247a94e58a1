import {
	type JobKind,
	type JobOf,
	type ResultOf,
	useJobResults,
} from "../api/job-queries.ts";
import { formatTime } from "../components/quantities.ts";

/** Runs that have figures, each with a name that tells it from the others. */
export function useComparedRuns<K extends JobKind>(
	kind: K,
	ids: readonly string[],
) {
	return useJobResults(kind, ids).flatMap(({ data }) => {
		const job = data as JobOf<K> | undefined;
		const result = (job?.result ?? null) as ResultOf<K> | null;
		return job === undefined || result === null
			? []
			: [
					{
						id: job.id,
						label: `${job.request.model}, ${formatTime(job.createdAt)}`,
						job,
						result,
					},
				];
	});
}
