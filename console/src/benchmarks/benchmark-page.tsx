import { Alert, Group, SimpleGrid, Table, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { BenchmarkResult } from "../api/job-types.ts";
import {
	formatCount,
	formatMs,
	formatShare,
} from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { RunPage } from "../jobs/run-page.tsx";
import { benchmarkCsv } from "./benchmark-csv.ts";
import { BenchmarkProgressBar } from "./benchmark-progress.tsx";
import { loadWords, stageWords } from "./benchmark-words.ts";
import { LoadChart } from "./load-chart.tsx";

const route = getRouteApi("/benchmarks/$id");

export function BenchmarkPage() {
	const { id } = route.useParams();
	return (
		<RunPage
			kind="benchmarks"
			id={id}
			listTitle="Benchmarks"
			noun="benchmark"
			describe={({ request }) => loadWords(request)}
			Progress={BenchmarkProgressBar}
			toCsv={benchmarkCsv}
			nothing="It was stopped before its first stage was done."
		>
			{(result, { request }) => (
				<Figures result={result} model={request.model} />
			)}
		</RunPage>
	);
}

function Figures({
	result,
	model,
}: {
	result: BenchmarkResult;
	model: string;
}) {
	const { stages, notes, conditions, isPartial } = result;
	const best = stages.reduce(
		(most, stage) => Math.max(most, stage.outputThroughput),
		0,
	);
	const first = stages[0];
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<>
			{isPartial && (
				<Alert color="orange" title="Stopped before its end">
					The figures are what was measured until then.
				</Alert>
			)}
			<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
				<Stat
					label="Most output tokens a second"
					value={formatCount(Math.round(best))}
				/>
				<Stat
					label="TTFT p50, least load"
					value={formatMs(first?.ttftMs.p50)}
				/>
				<Stat label="ITL p50, least load" value={formatMs(first?.itlMs.p50)} />
				<Stat
					label="Failed requests"
					value={formatCount(
						stages.reduce((sum, { failed }) => sum + failed, 0),
					)}
				/>
			</SimpleGrid>
			<Section title="Throughput against latency">
				<LoadChart runs={[{ label: model, stages }]} />
			</Section>
			<Section title="Stages" flush>
				<WideTable
					label="Stages"
					minWidth={880}
					head={[
						"Load",
						number("Requests"),
						number("Failed"),
						number("Requests/s"),
						number("Tokens/s"),
						number("Cached"),
						number("TTFT p50"),
						number("TTFT p95"),
						number("ITL p50"),
						number("ITL p95"),
						number("e2e p95"),
					]}
				>
					{stages.map((stage) => (
						<Table.Tr key={stageWords(stage)}>
							<Table.Td style={{ whiteSpace: "nowrap" }}>
								{stageWords(stage)}
							</Table.Td>
							<NumberCell>{formatCount(stage.completed)}</NumberCell>
							<NumberCell>{formatCount(stage.failed)}</NumberCell>
							<NumberCell>{stage.requestThroughput.toFixed(2)}</NumberCell>
							<NumberCell>{stage.outputThroughput.toFixed(1)}</NumberCell>
							<NumberCell>
								{stage.cachedTokens === null
									? "–"
									: formatShare(
											stage.cachedTokens / Math.max(1, stage.inputTokens),
										)}
							</NumberCell>
							<NumberCell>{formatMs(stage.ttftMs.p50)}</NumberCell>
							<NumberCell>{formatMs(stage.ttftMs.p95)}</NumberCell>
							<NumberCell>{formatMs(stage.itlMs.p50)}</NumberCell>
							<NumberCell>{formatMs(stage.itlMs.p95)}</NumberCell>
							<NumberCell>{formatMs(stage.e2eMs.p95)}</NumberCell>
						</Table.Tr>
					))}
				</WideTable>
			</Section>
			<Group gap="md">
				<Text size="sm" c="dimmed">
					{conditions.client === undefined
						? ""
						: `Measured on ${conditions.client.cpu}, ${conditions.client.cpus} processors. `}
					Seed {conditions.seed}.
				</Text>
				{notes.map((note) => (
					<Text key={note} size="sm" c="dimmed">
						{note}
					</Text>
				))}
			</Group>
		</>
	);
}
