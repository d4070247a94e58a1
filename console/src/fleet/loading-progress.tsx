import { Group, Progress, Text } from "@mantine/core";
import type { Replica } from "../api/fleet-types.ts";
import {
	formatSeconds,
	formatShare,
	formatWord,
} from "../components/quantities.ts";

/** How far a replica has come with loading. */
export function LoadingProgress({ replica }: { replica: Replica }) {
	const { progress, phase } = replica;
	if (progress === null || phase === "ready") return null;
	const { stage, fraction, etaSeconds } = progress;
	return (
		<div role="status">
			<Group justify="space-between" mt="sm" mb={4} gap="xs">
				<Text size="sm">{formatWord(stage)}</Text>
				<Text size="sm" c="dimmed" className="galley-numbers">
					{fraction === null ? "" : formatShare(fraction)}
					{etaSeconds === null ? "" : `, ${formatSeconds(etaSeconds)} left`}
				</Text>
			</Group>
			<Progress
				value={fraction === null ? 100 : fraction * 100}
				animated={fraction === null}
				striped={fraction === null}
				size="sm"
				aria-label={`${replica.id}: ${stage}`}
			/>
		</div>
	);
}
