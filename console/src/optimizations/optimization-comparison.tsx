import { Table } from "@mantine/core";
import { formatBytes, formatCount } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { useComparedRuns } from "../jobs/use-compared-runs.ts";
import { changeWords, formatGain, formatLoss } from "./optimization-words.ts";

/** What each run found to be the best. */
export function OptimizationComparison({ ids }: { ids: readonly string[] }) {
	const runs = useComparedRuns("optimizations", ids);
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<Section title="What each found" flush>
			<WideTable
				label="What each found"
				minWidth={860}
				head={[
					"Run",
					"Precision",
					"Other than by default",
					number("Tokens/s"),
					number("Gain"),
					number("Perplexity"),
					number("Memory"),
				]}
			>
				{runs.map(({ id, label, result }) => {
					const winner = result.rows.find(({ isWinner }) => isWinner);
					const baseline = result.rows.find(({ isBaseline }) => isBaseline);
					return (
						<Table.Tr key={id}>
							<Table.Td>{label}</Table.Td>
							<Table.Td>{winner?.precision ?? "nothing"}</Table.Td>
							<Table.Td>
								{winner === undefined
									? result.summary
									: changeWords(winner.candidate, baseline?.candidate ?? null)}
							</Table.Td>
							<NumberCell>
								{formatCount(
									winner?.score == null
										? null
										: Number(winner.score.toFixed(1)),
								)}
							</NumberCell>
							<NumberCell>
								{formatGain(winner?.score ?? null, baseline?.score ?? null)}
							</NumberCell>
							<NumberCell>
								{formatLoss(winner?.perplexityLoss ?? null)}
							</NumberCell>
							<NumberCell>{formatBytes(winner?.peakMemoryBytes)}</NumberCell>
						</Table.Tr>
					);
				})}
			</WideTable>
		</Section>
	);
}
