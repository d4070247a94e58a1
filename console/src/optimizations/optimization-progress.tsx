import type { OptimizationJob } from "../api/job-types.ts";
import { formatSeconds, formatWord } from "../components/quantities.ts";
import { RunProgress, RunStarting } from "../jobs/run-progress.tsx";

export function OptimizationProgressBar({ job }: { job: OptimizationJob }) {
	const { progress, createdAt } = job;
	if (progress === null) return <RunStarting />;
	const { activity, stage, candidate, share, secondsLeft } = progress;
	const elapsed = Math.max(0, (Date.now() - Date.parse(createdAt)) / 1000);
	return (
		<RunProgress
			label="Progress of the optimization"
			share={
				secondsLeft === null ? 0 : elapsed / Math.max(1, elapsed + secondsLeft)
			}
			aside={
				secondsLeft === null ? null : `about ${formatSeconds(secondsLeft)} left`
			}
		>
			{stage !== "" && `${formatWord(stage)}: `}
			{activity}
			{candidate !== null &&
				` of ${candidate.variant === "source" ? "the file as it is" : candidate.variant}, ${candidate.threads} threads`}
			{share !== null && ` (${Math.floor(100 * share)} %)`}
		</RunProgress>
	);
}
