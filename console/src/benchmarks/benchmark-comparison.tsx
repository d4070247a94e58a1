import { Stack, Table, Text } from "@mantine/core";
import type { BenchmarkStage } from "../api/job-types.ts";
import { formatCount, formatMs } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { useComparedRuns } from "../jobs/use-compared-runs.ts";
import { compareStages } from "./compare-stages.ts";
import { LoadChart } from "./load-chart.tsx";

/** Runs in one chart, and stage by stage under the same load. */
export function BenchmarkComparison({ ids }: { ids: readonly string[] }) {
	const runs = useComparedRuns("benchmarks", ids);
	const compared = runs.map(({ label, result }) => ({
		label,
		stages: result.stages,
	}));
	return (
		<>
			<Section title="Throughput against latency">
				<LoadChart runs={compared} />
			</Section>
			{compared.length > 1 && (
				<Section
					title="Stage by stage"
					description="Under the same load; the percentages are against the first run."
					flush
				>
					<WideTable
						label="Stage by stage"
						minWidth={280 + 190 * compared.length}
						head={["Load", "Figure", ...compared.map(({ label }) => label)]}
					>
						{compareStages(compared).flatMap(({ load, stages }) =>
							figures.map(({ title, of, format }, row) => (
								<Table.Tr key={`${load} ${title}`}>
									{row === 0 && (
										<Table.Th rowSpan={figures.length} scope="rowgroup">
											{load}
										</Table.Th>
									)}
									<Table.Td>{title}</Table.Td>
									{compared.map(({ label }, place) => (
										<Table.Td key={label}>
											<Figure
												value={figureOf(stages[place], of)}
												first={place === 0 ? null : figureOf(stages[0], of)}
												format={format}
											/>
										</Table.Td>
									))}
								</Table.Tr>
							)),
						)}
					</WideTable>
				</Section>
			)}
		</>
	);
}

const figures = [
	{
		title: "Output tokens/s",
		of: (stage: BenchmarkStage) => stage.outputThroughput,
		format: (value: number) => formatCount(Number(value.toFixed(1))),
	},
	{
		title: "TTFT p95",
		of: (stage: BenchmarkStage) => stage.ttftMs.p95,
		format: formatMs,
	},
	{
		title: "ITL p95",
		of: (stage: BenchmarkStage) => stage.itlMs.p95,
		format: formatMs,
	},
] as const;

function figureOf(
	stage: BenchmarkStage | null | undefined,
	of: (stage: BenchmarkStage) => number,
): number | null {
	return stage == null ? null : of(stage);
}

function Figure({
	value,
	first,
	format,
}: {
	value: number | null;
	first: number | null;
	format: (value: number) => string;
}) {
	if (value === null) return "–";
	const change =
		first === null || first === 0
			? null
			: Math.round((value / first - 1) * 100);
	return (
		<Stack gap={0} className="galley-numbers">
			{format(value)}
			{change !== null && (
				<Text size="xs" c="dimmed">
					{change > 0 ? "+" : ""}
					{change} %
				</Text>
			)}
		</Stack>
	);
}
