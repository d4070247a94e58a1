import {
	Alert,
	Button,
	Group,
	SimpleGrid,
	Stack,
	Table,
	Text,
} from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useSession } from "../api/client.ts";
import { useJob, useJobActions } from "../api/job-queries.ts";
import type { BenchmarkResult } from "../api/job-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { DownloadIcon, GaugeIcon, StopIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import {
	formatCount,
	formatMs,
	formatShare,
	formatTime,
} from "../components/quantities.ts";
import { saveFile } from "../components/save-file.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { BenchmarkProgressBar } from "./benchmark-progress.tsx";
import { loadWords, stageWords } from "./benchmark-words.ts";
import { LoadChart } from "./load-chart.tsx";

const route = getRouteApi("/benchmarks/$id");

export function BenchmarkPage() {
	const { id } = route.useParams();
	const { mayAdmin } = useSession();
	const { data: job, error, refetch } = useJob("benchmarks", id);
	const { remove } = useJobActions("benchmarks");
	const above = (
		<TextLink to="/benchmarks" size="sm">
			Benchmarks
		</TextLink>
	);
	if (job === undefined)
		return (
			<>
				<PageHeader title="Benchmark" above={above} />
				{error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)}
			</>
		);
	const { request, state, result, createdAt } = job;
	return (
		<>
			<PageHeader
				above={above}
				title={request.model}
				badge={<PhaseBadge phase={state} />}
				description={`${loadWords(request)}; started ${formatTime(createdAt)}`}
				actions={
					<>
						{state === "running" && mayAdmin && (
							<Button
								variant="default"
								leftSection={<StopIcon size={16} />}
								loading={remove.isPending}
								onClick={() => remove.mutate(id)}
							>
								Stop
							</Button>
						)}
						{result != null && (
							<Button
								variant="default"
								leftSection={<DownloadIcon size={16} />}
								onClick={() =>
									saveFile(
										`galley-bench-${request.model.replaceAll(/[^\w.-]+/g, "-")}-${createdAt.slice(0, 10)}.json`,
										JSON.stringify(result, null, 2),
										"application/json",
									)
								}
							>
								JSON
							</Button>
						)}
					</>
				}
			/>
			<Stack gap="lg">
				<FailureAlert error={remove.error} />
				{job.error !== null && (
					<Alert color="red" title="It failed">
						<Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
							{job.error}
						</Text>
					</Alert>
				)}
				{state === "running" && (
					<Section title="Progress">
						<BenchmarkProgressBar job={job} />
					</Section>
				)}
				{result == null ? (
					state !== "running" &&
					job.error === null && (
						<EmptyState
							icon={GaugeIcon}
							title="It ended without a figure"
							description="It was stopped before its first stage was done."
						/>
					)
				) : (
					<Figures result={result} model={request.model} />
				)}
			</Stack>
		</>
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
					minWidth={980}
					head={[
						"Load",
						number("Requests"),
						number("Failed"),
						number("Requests/s"),
						number("Output tokens/s"),
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
							<Table.Td>{stageWords(stage)}</Table.Td>
							<Table.Td ta="right">{formatCount(stage.completed)}</Table.Td>
							<Table.Td ta="right">{formatCount(stage.failed)}</Table.Td>
							<Table.Td ta="right">
								{stage.requestThroughput.toFixed(2)}
							</Table.Td>
							<Table.Td ta="right">
								{stage.outputThroughput.toFixed(1)}
							</Table.Td>
							<Table.Td ta="right">
								{stage.cachedTokens === null
									? "–"
									: formatShare(
											stage.cachedTokens / Math.max(1, stage.inputTokens),
										)}
							</Table.Td>
							<Table.Td ta="right">{formatMs(stage.ttftMs.p50)}</Table.Td>
							<Table.Td ta="right">{formatMs(stage.ttftMs.p95)}</Table.Td>
							<Table.Td ta="right">{formatMs(stage.itlMs.p50)}</Table.Td>
							<Table.Td ta="right">{formatMs(stage.itlMs.p95)}</Table.Td>
							<Table.Td ta="right">{formatMs(stage.e2eMs.p95)}</Table.Td>
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
