import { SimpleGrid } from "@mantine/core";
import { useJobResults } from "../api/job-queries.ts";
import type { EvaluationResult } from "../api/job-types.ts";
import { Bars } from "../charts/bars.tsx";
import { formatMs, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { formatScore } from "./scores.ts";

/** Accuracy beside speed, a bar a run. */
export function EvaluationComparison({ ids }: { ids: readonly string[] }) {
	const runs = useJobResults("evaluations", ids).flatMap(({ data }) => {
		const result = data?.result;
		return data === undefined || result == null
			? []
			: [
					{
						label: `${data.request.model}, ${formatTime(data.createdAt)}`,
						result,
					},
				];
	});
	return (
		<Section title="Accuracy against speed">
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

function accuracyOf(result: EvaluationResult): number | null {
	return result.choiceAccuracy ?? result.f1 ?? result.exactMatch;
}
