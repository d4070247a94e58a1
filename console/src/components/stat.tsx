import { Card, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface StatProps {
	label: string;
	value: ReactNode;
	/** Below the figure: what it is of, or a meter. */
	children?: ReactNode;
}

/** One figure, large. */
export function Stat({ label, value, children }: StatProps) {
	return (
		<Card padding="md">
			<Text size="xs" c="dimmed" fw={550}>
				{label}
			</Text>
			<Group gap="xs" align="baseline" mt={2}>
				<Text fz={24} fw={650} lh={1.25} className="galley-numbers">
					{value}
				</Text>
			</Group>
			{children !== undefined && (
				<Text size="xs" c="dimmed" mt={4} component="div">
					{children}
				</Text>
			)}
		</Card>
	);
}
