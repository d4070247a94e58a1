import { Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useJobs } from "../api/job-queries.ts";
import { PathChart } from "../charts/path-chart.tsx";
import { formatCount, formatMs, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import {
	joinMeasurements,
	questionSets,
	type Standing,
} from "./join-measurements.ts";
import { formatScore } from "./scores.ts";

const speeds = {
	latencyP50Ms: {
		title: "Whole answer, median (from the evaluation)",
		format: formatMs,
	},
	itlP50Ms: {
		title: "Inter-token latency p50, least load (from the benchmark)",
		format: formatMs,
	},
	ttftP50Ms: {
		title: "Time to first token p50, least load (from the benchmark)",
		format: formatMs,
	},
	outputThroughput: {
		title: "Most output tokens a second (from the benchmark)",
		format: formatCount,
	},
} as const satisfies Partial<
	Record<keyof Standing, { title: string; format: (value: number) => string }>
>;
type Speed = keyof typeof speeds;

/** Models by how right they are against how fast they are: the latest evaluation and the latest benchmark of each. */
export function ModelStanding() {
	const evaluations = useJobs("evaluations");
	const benchmarks = useJobs("benchmarks");
	const sets = questionSets(evaluations.data ?? []);
	const [chosen, choose] = useState<string | null>(null);
	const [speed, setSpeed] = useState<Speed>("latencyP50Ms");
	const set = sets.find(({ id }) => id === chosen) ?? sets[0];
	if (set === undefined) return null;
	const standings = joinMeasurements(
		set.id,
		evaluations.data ?? [],
		benchmarks.data ?? [],
	);
	const missing = standings.filter((standing) => standing[speed] === null);
	const { title, format } = speeds[speed];
	return (
		<Section
			title="Models: accuracy against latency"
			description="The latest evaluation of each model, beside its latest benchmark. Only answers to the same questions stand in one picture."
		>
			<Stack gap="sm">
				<Group gap="sm" align="flex-end">
					<NativeSelect
						label="Questions"
						value={set.id}
						onChange={({ currentTarget }) => choose(currentTarget.value)}
						data={sets.map(({ id, questions, askedAt }) => ({
							value: id,
							label: `${formatCount(questions)} questions, asked ${formatTime(askedAt)}`,
						}))}
					/>
					<NativeSelect
						label="Speed"
						value={speed}
						onChange={({ currentTarget }) =>
							setSpeed(currentTarget.value as Speed)
						}
						data={Object.entries(speeds).map(([value, one]) => ({
							value,
							label: one.title,
						}))}
					/>
				</Group>
				<PathChart
					label={`Accuracy against speed: ${title}`}
					series={standings.flatMap((standing) => {
						const x = standing[speed];
						return x === null
							? []
							: [
									{
										label: standing.model,
										points: [
											{ x, y: standing.accuracy, label: standing.model },
										],
									},
								];
					})}
					isScattered
					xLabel={title}
					formatX={format}
					formatY={formatScore}
				/>
				{missing.length > 0 && (
					<Text size="sm" c="dimmed">
						Not benchmarked yet: {missing.map(({ model }) => model).join(", ")}.
					</Text>
				)}
			</Stack>
		</Section>
	);
}
