import { Card, Group, Text, Title } from "@mantine/core";
import { LineChart, type LineChartProps } from "./line-chart.tsx";

interface ChartCardProps extends LineChartProps {
	/** The figure that matters now, large. */
	figure?: string;
	hint?: string;
}

/** A chart with its name and its latest figure. */
export function ChartCard({ figure, hint, ...chart }: ChartCardProps) {
	return (
		<Card padding="md">
			<Group justify="space-between" align="baseline" mb={4} gap="xs">
				<Title order={3} size="h6" c="dimmed" fw={550}>
					{chart.label}
				</Title>
				{figure !== undefined && (
					<Text fw={650} className="galley-numbers">
						{figure}
					</Text>
				)}
			</Group>
			<LineChart {...chart} />
			{hint !== undefined && (
				<Text size="xs" c="dimmed" mt={6}>
					{hint}
				</Text>
			)}
		</Card>
	);
}
