import { SimpleGrid, Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { CatalogEntry } from "../api/catalog-types.ts";
import { useSession } from "../api/client.ts";
import type { Service } from "../api/fleet-types.ts";
import { type JobKind, type JobOf, useJobs } from "../api/job-queries.ts";
import { loadWords } from "../benchmarks/benchmark-words.ts";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { GaugeIcon, TuneIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatCount, formatMs, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { formatScore } from "../evaluations/scores.ts";
import { runPaths } from "../jobs/run-paths.ts";
import { figuresOf } from "../live/live-figures.ts";
import { ServiceCharts } from "../live/service-charts.tsx";
import { useFleetLive } from "../live/use-fleet-live.ts";
import { formatGain } from "../optimizations/optimization-words.ts";

interface MeasuredPanelProps {
	entry: CatalogEntry;
	services: readonly Service[];
}

/** What the model's replicas do here, and what was measured here, also of a model that does not run now. */
export function MeasuredPanel({ entry, services }: MeasuredPanelProps) {
	const { mayRead } = useSession();
	const [service] = services;
	if (!mayRead)
		return <EmptyState icon={GaugeIcon} title="Your key may not see figures" />;
	const names = [entry.id, ...services.map(({ name }) => name)];
	return (
		<Stack gap="lg">
			{service === undefined ? (
				<EmptyState
					compact
					icon={GaugeIcon}
					title="It does not run here now"
					description="Once the model is deployed, its latency and throughput show up here."
				/>
			) : (
				<LiveFigures service={service} />
			)}
			<Benchmarks names={names} service={service?.name} />
			<Evaluations names={names} />
			<Optimizations names={names} service={service?.name} />
		</Stack>
	);
}

function LiveFigures({ service }: { service: Service }) {
	const live = useFleetLive();
	const figures = figuresOf(
		live.moments.at(-1)?.services.find(({ name }) => name === service.name),
	);
	return (
		<>
			{live.error !== null && <ErrorState compact error={live.error} />}
			<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
				<Stat
					label="Running · waiting"
					value={
						figures === null
							? "–"
							: `${formatCount(figures.running)} · ${formatCount(figures.waiting)}`
					}
				/>
				<Stat
					label="Tokens a second"
					value={
						figures === null
							? "–"
							: formatCount(Math.round(figures.tokensPerSecond))
					}
				/>
				<Stat label="TTFT p95" value={formatMs(figures?.ttftMs?.p95)} />
				<Stat label="ITL p95" value={formatMs(figures?.itlMs?.p95)} />
			</SimpleGrid>
			<ServiceCharts moments={live.moments} name={service.name} />
		</>
	);
}

interface RunsProps<K extends JobKind> {
	kind: K;
	title: string;
	names: readonly string[];
	nothing: string;
	action?: ReactNode;
	figures: readonly { title: string; cell: (run: JobOf<K>) => ReactNode }[];
	describe: (run: JobOf<K>) => string;
}

const mostRuns = 8;

/** Runs of one kind about this model, the latest first. */
function Runs<K extends JobKind>({
	kind,
	title,
	names,
	nothing,
	action,
	figures,
	describe,
}: RunsProps<K>) {
	const { data, error, refetch } = useJobs(kind);
	const runs = (data ?? []).filter(({ request }) =>
		names.includes(request.model),
	);
	return (
		<Section title={title} flush actions={action}>
			{error !== null ? (
				<ErrorState compact error={error} onRetry={() => void refetch()} />
			) : runs.length === 0 ? (
				<EmptyState
					compact
					icon={GaugeIcon}
					title="Not measured yet"
					description={nothing}
				/>
			) : (
				<WideTable
					label={title}
					minWidth={520}
					head={[
						"When",
						...figures.map((figure) => ({
							title: figure.title,
							isNumber: true as const,
						})),
						"State",
					]}
				>
					{runs.slice(0, mostRuns).map((run) => (
						<Table.Tr key={run.id}>
							<Table.Td>
								<TextLink
									to={runPaths[kind].one}
									params={{ id: run.id }}
									size="sm"
								>
									{formatTime(run.createdAt)}
								</TextLink>
								<Text size="xs" c="dimmed">
									{describe(run)}
								</Text>
							</Table.Td>
							{figures.map((figure) => (
								<NumberCell key={figure.title}>{figure.cell(run)}</NumberCell>
							))}
							<Table.Td>
								<PhaseBadge phase={run.state} />
							</Table.Td>
						</Table.Tr>
					))}
				</WideTable>
			)}
		</Section>
	);
}

interface AboutModel {
	names: readonly string[];
	/** Undefined while nothing runs that could be measured. */
	service?: string | undefined;
}

function Benchmarks({ names, service }: AboutModel) {
	const { mayAdmin } = useSession();
	return (
		<Runs
			kind="benchmarks"
			title="Benchmarks on this machine"
			names={names}
			nothing="A benchmark takes about a minute."
			describe={({ request }) => loadWords(request)}
			figures={[
				{
					title: "Tokens/s",
					cell: ({ summary }) =>
						formatCount(
							summary == null ? null : Math.round(summary.outputThroughput),
						),
				},
				{
					title: "TTFT p50",
					cell: ({ summary }) => formatMs(summary?.ttftP50Ms),
				},
				{
					title: "ITL p50",
					cell: ({ summary }) => formatMs(summary?.itlP50Ms),
				},
			]}
			action={
				mayAdmin &&
				service !== undefined && (
					<LinkButton
						to="/benchmarks"
						search={{ model: service }}
						variant="default"
						size="xs"
						leftSection={<GaugeIcon size={16} />}
					>
						Measure
					</LinkButton>
				)
			}
		/>
	);
}

function Evaluations({ names }: AboutModel) {
	return (
		<Runs
			kind="evaluations"
			title="Evaluations on your own questions"
			names={names}
			nothing="Bring questions with right answers under Evaluations."
			describe={({ request }) => `${formatCount(request.questions)} questions`}
			figures={[
				{
					title: "Exact match",
					cell: ({ summary }) => formatScore(summary?.exactMatch),
				},
				{ title: "F1", cell: ({ summary }) => formatScore(summary?.f1) },
				{
					title: "Latency p50",
					cell: ({ summary }) => formatMs(summary?.latencyP50Ms),
				},
			]}
		/>
	);
}

function Optimizations({ names, service }: AboutModel) {
	const { mayAdmin } = useSession();
	return (
		<Runs
			kind="optimizations"
			title="Optimizations"
			names={names}
			nothing="A run finds the fastest way that stays accurate on this machine."
			describe={({ summary }) =>
				summary?.precision == null ? "" : `best: ${summary.precision}`
			}
			figures={[
				{
					title: "Tokens/s",
					cell: ({ summary }) =>
						formatCount(
							summary?.score == null ? null : Math.round(summary.score),
						),
				},
				{
					title: "Gain",
					cell: ({ summary }) =>
						formatGain(summary?.score ?? null, summary?.baselineScore ?? null),
				},
			]}
			action={
				mayAdmin &&
				service !== undefined && (
					<LinkButton
						to="/optimizations"
						search={{ model: service }}
						variant="default"
						size="xs"
						leftSection={<TuneIcon size={16} />}
					>
						Optimize
					</LinkButton>
				)
			}
		/>
	);
}
