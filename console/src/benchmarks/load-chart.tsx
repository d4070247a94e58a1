import { Group, NativeSelect, NumberInput, Stack } from "@mantine/core";
import { useMemo, useState } from "react";
import type { BenchmarkStage } from "../api/job-types.ts";
import { PathChart } from "../charts/path-chart.tsx";
import { formatCount, formatMs } from "../components/quantities.ts";

export interface LoadRun {
	label: string;
	stages: readonly BenchmarkStage[];
}

const metrics = {
	ttftMs: { title: "Time to first token", target: 500 },
	itlMs: { title: "Inter-token latency", target: 50 },
	e2eMs: { title: "Whole answer", target: 5000 },
} as const;
type Metric = keyof typeof metrics;
const percentiles = ["p50", "p95", "p99"] as const;

/** A point a stage: what was got out, and what it cost in latency. The number at a point is its load; below the line is good enough. */
export function LoadChart({ runs }: { runs: readonly LoadRun[] }) {
	const [metric, setMetric] = useState<Metric>("itlMs");
	const [percentile, setPercentile] =
		useState<(typeof percentiles)[number]>("p95");
	const [target, setTarget] = useState<number | string>(metrics.itlMs.target);
	const series = useMemo(
		() =>
			runs.map(({ label, stages }) => ({
				label,
				points: stages.map((stage) => ({
					x: stage.outputThroughput,
					y: stage[metric][percentile],
					label:
						stage.load.mode === "closed"
							? String(stage.load.concurrency)
							: `${stage.load.requestRate}/s`,
				})),
			})),
		[runs, metric, percentile],
	);
	const label = `${metrics[metric].title}, ${percentile}`;
	return (
		<Stack gap="sm">
			<Group gap="sm" align="flex-end">
				<NativeSelect
					label="Latency"
					value={metric}
					onChange={({ currentTarget }) => {
						const next = currentTarget.value as Metric;
						setMetric(next);
						setTarget(metrics[next].target);
					}}
					data={Object.entries(metrics).map(([value, { title }]) => ({
						value,
						label: title,
					}))}
				/>
				<NativeSelect
					label="Percentile"
					value={percentile}
					onChange={({ currentTarget }) =>
						setPercentile(
							percentiles.find((one) => one === currentTarget.value) ?? "p95",
						)
					}
					data={[...percentiles]}
				/>
				<NumberInput
					label="Target (ms)"
					value={target}
					onChange={setTarget}
					min={0}
					w={130}
				/>
			</Group>
			<PathChart
				label={label}
				series={series}
				xLabel="Output tokens a second, all requests together"
				formatX={formatCount}
				formatY={formatMs}
				target={
					typeof target === "number" && target > 0
						? { value: target, label: `target ${formatMs(target)}` }
						: undefined
				}
			/>
		</Stack>
	);
}
