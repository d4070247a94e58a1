import { Group, Progress, Text } from "@mantine/core";
import type { BenchmarkJob } from "../api/job-types.ts";
import {
	formatCount,
	formatSeconds,
	formatWord,
} from "../components/quantities.ts";

export function BenchmarkProgressBar({ job }: { job: BenchmarkJob }) {
	const { progress } = job;
	if (progress === null)
		return (
			<Text size="sm" role="status">
				Starting …
			</Text>
		);
	const { phase, stage, stages, completed, failed, total, secondsLeft } =
		progress;
	const inStage =
		total === null || total === 0 ? 0.5 : (completed + failed) / total;
	const share = stages === 0 ? 0 : (Math.max(0, stage - 1) + inStage) / stages;
	return (
		<div role="status">
			<Group justify="space-between" mb={6} gap="xs">
				<Text size="sm">
					{formatWord(phase)}, stage {stage} of {stages}: {completed}
					{total === null ? "" : ` of ${total}`} requests
					{failed > 0 && `, ${failed} failed`}
				</Text>
				<Text size="sm" c="dimmed" className="galley-numbers">
					{formatCount(Math.round(progress.chunksPerSecond))} tokens/s
					{secondsLeft === null
						? ""
						: `, ${formatSeconds(secondsLeft)} left of the stage`}
				</Text>
			</Group>
			<Progress
				value={share * 100}
				size="sm"
				aria-label="Progress of the benchmark"
			/>
		</div>
	);
}
