import { Alert, Badge, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type {
	OptimizationJob,
	OptimizationResult,
	OptimizationRow,
} from "../api/job-types.ts";
import {
	formatBytes,
	formatCount,
	formatMs,
	formatSeconds,
	formatShare,
} from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { RunPage } from "../jobs/run-page.tsx";
import { ApplySettings } from "./apply-settings.tsx";
import { CandidateChart } from "./candidate-chart.tsx";
import { MeasuredSoFar } from "./measured-so-far.tsx";
import { optimizationCsv } from "./optimization-csv.ts";
import {
	changeWords,
	formatGain,
	formatLoss,
	limitWords,
	settingChanges,
} from "./optimization-words.ts";

const route = getRouteApi("/optimizations/$id");

export function OptimizationPage() {
	const { id } = route.useParams();
	return (
		<RunPage
			kind="optimizations"
			id={id}
			listTitle="Optimize"
			noun="optimization"
			describe={({ request }) => limitWords(request)}
			Progress={MeasuredSoFar}
			toCsv={optimizationCsv}
			nothing="It was stopped before anything was measured."
		>
			{(result, job) => <Report result={result} job={job} />}
		</RunPage>
	);
}

function Report({
	result,
	job,
}: {
	result: OptimizationResult;
	job: OptimizationJob;
}) {
	const { rows, warnings, summary, isComplete } = result;
	const winner = rows.find(({ isWinner }) => isWinner);
	const baseline = rows.find(({ isBaseline }) => isBaseline);
	return (
		<>
			{warnings.map((warning) => (
				<Alert key={warning} color="orange">
					{warning}
				</Alert>
			))}
			<Section
				title={
					winner === undefined ? "Nothing keeps every limit" : "Best found"
				}
				description={summary}
			>
				{winner !== undefined && (
					<Stack gap="md">
						<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
							<Stat
								label="Output tokens a second"
								value={formatCount(Number((winner.score ?? 0).toFixed(1)))}
							>
								± {formatShare(winner.spread)}, {winner.runs} runs
							</Stat>
							<Stat
								label="Against the default"
								value={formatGain(winner.score, baseline?.score ?? null)}
							/>
							<Stat
								label="Perplexity"
								value={formatLoss(winner.perplexityLoss)}
							>
								{winner.accuracy !== null &&
									`KL ${winner.accuracy.meanKl.toFixed(4)}, same likeliest token ${formatShare(winner.accuracy.topAgreement)}`}
							</Stat>
							<Stat
								label="Memory at its peak"
								value={formatBytes(winner.peakMemoryBytes)}
							>
								{baseline !== undefined &&
									`default ${formatBytes(baseline.peakMemoryBytes)}`}
							</Stat>
						</SimpleGrid>
						<Settings winner={winner} baseline={baseline} />
						<ApplySettings
							service={job.request.model}
							foundAt={job.endedAt ?? result.measuredAt}
						/>
					</Stack>
				)}
			</Section>
			<Section
				title="Accuracy against speed"
				description="Each point is a way to run the model. Right and low is good; the dashed line is the limit."
			>
				<CandidateChart result={result} />
			</Section>
			<Measured rows={rows} best={winner ?? baseline} />
			<Text size="sm" c="dimmed">
				{isComplete ? "Everything was measured" : "Stopped when time was up"} in{" "}
				{formatSeconds(result.seconds)}
				{result.reusedResults > 0 &&
					`, with ${result.reusedResults} results of earlier runs`}
				. One run of the same settings differs from the next by{" "}
				{(100 * result.noise).toFixed(1)} %.
			</Text>
		</>
	);
}

function Settings({
	winner,
	baseline,
}: {
	winner: OptimizationRow;
	baseline: OptimizationRow | undefined;
}) {
	return (
		<WideTable
			label="Chosen settings"
			minWidth={320}
			head={["Setting", "Chosen", "By default"]}
		>
			{settingChanges(winner.candidate, baseline?.candidate ?? null).map(
				({ name, value, before, isChanged }) => (
					<Table.Tr key={name}>
						<Table.Td>{name}</Table.Td>
						<Table.Td>
							<Text size="sm" fw={isChanged ? 650 : 400} component="span">
								{value}
							</Text>{" "}
							{isChanged && <Badge size="sm">changed</Badge>}
						</Table.Td>
						<Table.Td c="dimmed">{before ?? "–"}</Table.Td>
					</Table.Tr>
				),
			)}
		</WideTable>
	);
}

function Measured({
	rows,
	best,
}: {
	rows: readonly OptimizationRow[];
	best: OptimizationRow | undefined;
}) {
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<Section title="All that was looked at" flush>
			<WideTable
				label="All that was looked at"
				minWidth={980}
				head={[
					"Precision",
					number("Tokens/s"),
					number("KL"),
					number("Perplexity"),
					number("TTFT p95"),
					number("ITL p95"),
					number("Memory"),
					number("File"),
					"Differs from the best in",
					"Verdict",
				]}
			>
				{rows.map((row) => {
					const last = row.loads.at(-1);
					return (
						<Table.Tr key={JSON.stringify(row.candidate)}>
							<Table.Td>
								{row.precision}
								{row.isBaseline && (
									<Text size="xs" c="dimmed">
										default
									</Text>
								)}
							</Table.Td>
							<NumberCell>{row.score?.toFixed(1) ?? "–"}</NumberCell>
							<NumberCell>{row.accuracy?.meanKl.toFixed(4) ?? "–"}</NumberCell>
							<NumberCell>{formatLoss(row.perplexityLoss)}</NumberCell>
							<NumberCell>{formatMs(last?.ttftP95Ms)}</NumberCell>
							<NumberCell>{formatMs(last?.itlP95Ms)}</NumberCell>
							<NumberCell>{formatBytes(row.peakMemoryBytes)}</NumberCell>
							<NumberCell>{formatBytes(row.fileBytes)}</NumberCell>
							<Table.Td>
								{changeWords(row.candidate, best?.candidate ?? null)}
							</Table.Td>
							<Table.Td>
								{row.isWinner ? <Badge color="teal">best</Badge> : row.verdict}
							</Table.Td>
						</Table.Tr>
					);
				})}
			</WideTable>
		</Section>
	);
}
