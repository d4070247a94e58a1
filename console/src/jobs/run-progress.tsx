import { Group, Progress, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface RunProgressProps {
	/** Of the whole, 0 to 1. */
	share: number;
	/** For screen readers: `Progress of the benchmark`. */
	label: string;
	/** What it does now. */
	children: ReactNode;
	/** On the right: how fast, how long still. */
	aside?: ReactNode;
}

/** How far a run is. */
export function RunProgress({
	share,
	label,
	children,
	aside,
}: RunProgressProps) {
	return (
		<div role="status">
			<Group justify="space-between" mb={6} gap="xs">
				<Text size="sm">{children}</Text>
				<Text size="sm" c="dimmed" className="galley-numbers">
					{aside}
				</Text>
			</Group>
			<Progress
				value={Math.min(1, Math.max(0, share)) * 100}
				size="sm"
				aria-label={label}
			/>
		</div>
	);
}

/** Before it has told of itself. */
export function RunStarting() {
	return (
		<Text size="sm" role="status">
			Starting …
		</Text>
	);
}
