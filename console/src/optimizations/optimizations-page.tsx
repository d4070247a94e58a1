import { Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { TuneIcon } from "../components/icons.tsx";
import { formatCount } from "../components/quantities.ts";
import { type RunColumn, RunsPage } from "../jobs/runs-page.tsx";
import { OptimizationComparison } from "./optimization-comparison.tsx";
import { OptimizationForm } from "./optimization-form.tsx";
import { OptimizationProgressBar } from "./optimization-progress.tsx";
import { formatGain, limitWords } from "./optimization-words.ts";

const route = getRouteApi("/optimizations");

const columns: readonly RunColumn<"optimizations">[] = [
	{
		title: "Limits",
		cell: ({ request }) => (
			<Text size="sm" c="dimmed">
				{limitWords(request)}
			</Text>
		),
	},
	{ title: "Best", cell: ({ summary }) => summary?.precision ?? "–" },
	{
		title: "Tokens/s",
		isNumber: true,
		cell: ({ summary }) =>
			formatCount(
				summary?.score == null ? null : Number(summary.score.toFixed(1)),
			),
	},
	{
		title: "Gain",
		isNumber: true,
		cell: ({ summary }) =>
			formatGain(summary?.score ?? null, summary?.baselineScore ?? null),
	},
];

export function OptimizationsPage() {
	const { model } = route.useSearch();
	return (
		<RunsPage
			kind="optimizations"
			title="Optimize"
			description="Measures the ways a model can run on this machine, precisions, threads, caches, and keeps the fastest that stays accurate."
			noun="optimization"
			article="An"
			icon={TuneIcon}
			empty={{
				title: "Nothing optimized yet",
				description:
					"A run takes some minutes and wants the machine to itself. What it finds is used from the service's next start on.",
			}}
			Form={OptimizationForm}
			model={model}
			Progress={OptimizationProgressBar}
			columns={columns}
			minWidth={820}
			Comparison={OptimizationComparison}
			leastCompared={2}
			consequence="Its report is gone then. What it found stays in use."
		/>
	);
}
