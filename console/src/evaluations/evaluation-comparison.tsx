import { SimpleGrid } from "@mantine/core";
import { Bars } from "../charts/bars.tsx";
import { formatMs } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { useComparedRuns } from "../jobs/use-compared-runs.ts";
import { accuracyOf, formatScore } from "./scores.ts";

/** Accuracy beside speed, a bar a run. */
export function EvaluationComparison({ ids }: { ids: readonly string[] }) {
	const runs = useComparedRuns("evaluations", ids);
	const sets = new Set(runs.map(({ job }) => job.request.questionSet ?? ""));
	return (
		<Section
			title="Accuracy against speed"
			description={
				sets.size > 1
					? "These runs asked different questions: their scores say little about each other."
					: undefined
			}
		>
			<SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
				<Bars
					label="Accuracy"
					bars={runs.map(({ label, result }) => ({
						label,
						value: accuracyOf(result) ?? 0,
						text: formatScore(accuracyOf(result)),
					}))}
				/>
				<Bars
					label="Median latency"
					bars={runs.map(({ label, result }) => ({
						label,
						value: result.latencyMs?.p50 ?? 0,
						text: `${formatMs(result.latencyMs?.p50)} median`,
					}))}
				/>
			</SimpleGrid>
		</Section>
	);
}
