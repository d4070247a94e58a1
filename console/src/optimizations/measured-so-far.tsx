import { Stack, Table, Text } from "@mantine/core";
import type { OptimizationJob } from "../api/job-types.ts";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { OptimizationProgressBar } from "./optimization-progress.tsx";
import { changeWords, formatLoss } from "./optimization-words.ts";

/** How far a search is, and what it has seen on its way: a quarter of an hour is long without news. */
export function MeasuredSoFar({ job }: { job: OptimizationJob }) {
	const measured = job.progress?.measured ?? [];
	const baseline = measured.find(({ isBaseline }) => isBaseline);
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<Stack gap="sm">
			<OptimizationProgressBar job={job} />
			{measured.length > 0 && (
				<WideTable
					label="Measured so far"
					minWidth={760}
					head={[
						"Precision",
						number("Tokens/s"),
						number("KL"),
						number("Perplexity"),
						number("Runs"),
						"Other than by default",
						"So far",
					]}
				>
					{measured.map((one) => (
						<Table.Tr key={JSON.stringify(one.candidate)}>
							<Table.Td>
								{one.precision}
								{one.isBaseline && (
									<Text size="xs" c="dimmed">
										default
									</Text>
								)}
							</Table.Td>
							<NumberCell>{one.score?.toFixed(1) ?? "–"}</NumberCell>
							<NumberCell>{one.meanKl?.toFixed(4) ?? "–"}</NumberCell>
							<NumberCell>{formatLoss(one.perplexityLoss)}</NumberCell>
							<NumberCell>{one.runs}</NumberCell>
							<Table.Td>
								{changeWords(one.candidate, baseline?.candidate ?? null)}
							</Table.Td>
							<Table.Td>{one.verdict}</Table.Td>
						</Table.Tr>
					))}
				</WideTable>
			)}
		</Stack>
	);
}
