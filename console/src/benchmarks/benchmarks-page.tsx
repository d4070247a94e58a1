import { Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { GaugeIcon } from "../components/icons.tsx";
import { formatCount, formatMs } from "../components/quantities.ts";
import { type RunColumn, RunsPage } from "../jobs/runs-page.tsx";
import { BenchmarkComparison } from "./benchmark-comparison.tsx";
import { BenchmarkForm } from "./benchmark-form.tsx";
import { BenchmarkProgressBar } from "./benchmark-progress.tsx";
import { loadWords } from "./benchmark-words.ts";

const route = getRouteApi("/benchmarks");

const columns: readonly RunColumn<"benchmarks">[] = [
	{
		title: "Load",
		cell: ({ request }) => (
			<Text size="sm" c="dimmed">
				{loadWords(request)}
			</Text>
		),
	},
	{
		title: "Tokens/s",
		isNumber: true,
		cell: ({ summary }) =>
			formatCount(
				summary == null ? null : Math.round(summary.outputThroughput),
			),
	},
	{
		title: "TTFT p50",
		isNumber: true,
		cell: ({ summary }) => formatMs(summary?.ttftP50Ms),
	},
	{
		title: "ITL p50",
		isNumber: true,
		cell: ({ summary }) => formatMs(summary?.itlP50Ms),
	},
];

export function BenchmarksPage() {
	const { model } = route.useSearch();
	return (
		<RunsPage
			kind="benchmarks"
			title="Benchmarks"
			description="How many users a model serves here, and how fast, under the load that you expect."
			noun="benchmark"
			article="A"
			icon={GaugeIcon}
			empty={{
				title: "Nothing measured yet",
				description:
					"A run takes about a minute: it asks a model at several levels of load and draws throughput against latency.",
			}}
			Form={BenchmarkForm}
			model={model}
			Progress={BenchmarkProgressBar}
			columns={columns}
			minWidth={880}
			Comparison={BenchmarkComparison}
			leastCompared={1}
			consequence="Its figures are gone then. Download them first if you need them."
		/>
	);
}
