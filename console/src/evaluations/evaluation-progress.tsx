import type { EvaluationJob } from "../api/job-types.ts";
import { formatSeconds } from "../components/quantities.ts";
import { RunProgress, RunStarting } from "../jobs/run-progress.tsx";

export function EvaluationProgressBar({ job }: { job: EvaluationJob }) {
	const { progress } = job;
	if (progress === null) return <RunStarting />;
	const { done, total, failed, secondsLeft } = progress;
	return (
		<RunProgress
			label="Progress of the evaluation"
			share={total === 0 ? 0 : done / total}
			aside={secondsLeft !== null && `${formatSeconds(secondsLeft)} left`}
		>
			{done} of {total} questions{failed > 0 && `, ${failed} failed`}
		</RunProgress>
	);
}
