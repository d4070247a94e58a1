import { Group, Stack, Text } from "@mantine/core";
import classes from "./bars.module.css";

export interface Bar {
	label: string;
	value: number;
	/** The value as people read it. */
	text: string;
}

/** A ranking: the longest bar is the largest value. It is a list, so that it can be read aloud. */
export function Bars({ label, bars }: { label: string; bars: readonly Bar[] }) {
	const largest = Math.max(1e-12, ...bars.map(({ value }) => value));
	return (
		<Stack component="ul" gap={10} m={0} p={0} aria-label={label}>
			{bars.map((bar) => (
				<li key={bar.label} className={classes.bar}>
					<Group justify="space-between" gap="xs" wrap="nowrap">
						<Text size="sm" truncate>
							{bar.label}
						</Text>
						<Text size="sm" c="dimmed" className="galley-numbers">
							{bar.text}
						</Text>
					</Group>
					<div className={classes.track}>
						<div
							className={classes.fill}
							style={{ width: `${(bar.value / largest) * 100}%` }}
						/>
					</div>
				</li>
			))}
		</Stack>
	);
}
