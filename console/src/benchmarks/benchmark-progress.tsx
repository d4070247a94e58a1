import type { BenchmarkJob } from "../api/job-types.ts";
import {
	formatCount,
	formatSeconds,
	formatWord,
} from "../components/quantities.ts";
import { RunProgress, RunStarting } from "../jobs/run-progress.tsx";

export function BenchmarkProgressBar({ job }: { job: BenchmarkJob }) {
	const { progress } = job;
	if (progress === null) return <RunStarting />;
	const { phase, stage, stages, completed, failed, total, secondsLeft } =
		progress;
	const inStage =
		total === null || total === 0 ? 0.5 : (completed + failed) / total;
	return (
		<RunProgress
			label="Progress of the benchmark"
			share={stages === 0 ? 0 : (Math.max(0, stage - 1) + inStage) / stages}
			aside={`${formatCount(Math.round(progress.chunksPerSecond))} tokens/s${
				secondsLeft === null
					? ""
					: `, ${formatSeconds(secondsLeft)} left of the stage`
			}`}
		>
			{formatWord(phase)}, stage {stage} of {stages}: {completed}
			{total === null ? "" : ` of ${total}`} requests
			{failed > 0 && `, ${failed} failed`}
		</RunProgress>
	);
}
