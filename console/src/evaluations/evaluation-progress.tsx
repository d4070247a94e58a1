import { Group, Progress, Text } from "@mantine/core";
import type { EvaluationJob } from "../api/job-types.ts";
import { formatSeconds } from "../components/quantities.ts";

export function EvaluationProgressBar({ job }: { job: EvaluationJob }) {
	const { progress } = job;
	if (progress === null)
		return (
			<Text size="sm" role="status">
				Starting …
			</Text>
		);
	const { done, total, failed, secondsLeft } = progress;
	return (
		<div role="status">
			<Group justify="space-between" mb={6} gap="xs">
				<Text size="sm">
					{done} of {total} questions{failed > 0 && `, ${failed} failed`}
				</Text>
				<Text size="sm" c="dimmed">
					{secondsLeft !== null && `${formatSeconds(secondsLeft)} left`}
				</Text>
			</Group>
			<Progress
				value={total === 0 ? 0 : (done / total) * 100}
				size="sm"
				aria-label="Progress of the evaluation"
			/>
		</div>
	);
}
