import { SimpleGrid, Stack, Table, Tabs, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useSession } from "../api/client.ts";
import { useFleet } from "../api/fleet-queries.ts";
import type { Service } from "../api/fleet-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FleetIcon, PlaygroundIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import {
	formatBytes,
	formatCount,
	formatMs,
	formatSeconds,
	formatShare,
} from "../components/quantities.ts";
import type { SampleTask } from "../components/sample-code.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { figuresOf } from "../live/live-figures.ts";
import { SequenceTable } from "../live/sequence-table.tsx";
import { SequenceTimeline } from "../live/sequence-timeline.tsx";
import { ServiceCharts } from "../live/service-charts.tsx";
import { type FleetLive, useFleetLive } from "../live/use-fleet-live.ts";
import { ServiceCode } from "../models/service-code.tsx";
import { AutoscalePanel } from "./autoscale-panel.tsx";
import { LiveBadge } from "./live-badge.tsx";
import { LoadingProgress } from "./loading-progress.tsx";
import { LogPanel } from "./log-panel.tsx";
import { ServiceActions } from "./service-actions.tsx";

const route = getRouteApi("/fleet/$service");

export function ServicePage() {
	const { service: name } = route.useParams();
	const { mayInfer } = useSession();
	const fleet = useFleet();
	const live = useFleetLive();
	const service = fleet.data?.services.find((one) => one.name === name);
	const above = (
		<TextLink to="/fleet" size="sm">
			Fleet
		</TextLink>
	);
	if (service === undefined)
		return (
			<>
				<PageHeader title={name} above={above} />
				{fleet.error !== null ? (
					<ErrorState
						error={fleet.error}
						onRetry={() => void fleet.refetch()}
					/>
				) : fleet.data === undefined ? (
					<PageLoading />
				) : (
					<EmptyState
						icon={FleetIcon}
						title={`There is no service ${name}`}
						description="It may have been taken away."
					/>
				)}
			</>
		);
	return (
		<>
			<PageHeader
				above={above}
				title={name}
				badge={
					<>
						<PhaseBadge phase={service.state} />
						<LiveBadge live={live} />
					</>
				}
				description={service.model}
				actions={
					<>
						{mayInfer && (
							<LinkButton
								to="/playground"
								search={{ model: name }}
								leftSection={<PlaygroundIcon size={16} />}
							>
								Try it
							</LinkButton>
						)}
						<ServiceActions service={service} />
					</>
				}
			/>
			{service.replicas.map((replica) => (
				<LoadingProgress key={replica.id} replica={replica} />
			))}
			<Tabs defaultValue="live" keepMounted={false}>
				<Tabs.List mb="lg">
					<Tabs.Tab value="live">Live</Tabs.Tab>
					<Tabs.Tab value="replicas">Replicas</Tabs.Tab>
					<Tabs.Tab value="logs">Logs</Tabs.Tab>
					<Tabs.Tab value="autoscale">Autoscaling</Tabs.Tab>
					<Tabs.Tab value="code">Code</Tabs.Tab>
				</Tabs.List>
				<Tabs.Panel value="live">
					<LivePanel service={service} live={live} />
				</Tabs.Panel>
				<Tabs.Panel value="replicas">
					<ReplicaTable service={service} live={live} />
				</Tabs.Panel>
				<Tabs.Panel value="logs">
					<LogPanel service={service} />
				</Tabs.Panel>
				<Tabs.Panel value="autoscale">
					<AutoscalePanel name={name} />
				</Tabs.Panel>
				<Tabs.Panel value="code">
					<Section title="Ask this service from code">
						<ServiceCode
							name={name}
							model={service.model}
							task={sampleTask(service.task)}
						/>
					</Section>
				</Tabs.Panel>
			</Tabs>
		</>
	);
}

function sampleTask(task: string | null): SampleTask {
	if (task === "embedding" || task === "reranking") return task;
	return "chat";
}

function LivePanel({ service, live }: { service: Service; live: FleetLive }) {
	const { name } = service;
	const { moments, error } = live;
	const current = moments.at(-1)?.services.find((one) => one.name === name);
	const figures = useMemo(() => figuresOf(current), [current]);
	if (error !== null) return <ErrorState error={error} />;
	if (current === undefined || figures === null)
		return (
			<EmptyState
				icon={FleetIcon}
				title={
					moments.length === 0
						? "Waiting for the first figures"
						: "No figures of this service"
				}
				description={
					moments.length === 0
						? "They come once a second."
						: "It has no replica that is ready."
				}
			/>
		);
	const sequences = current.replicas.flatMap((replica) => replica.sequences);
	const prompt = sequences.reduce((sum, one) => sum + one.promptTokens, 0);
	const cached = sequences.reduce((sum, one) => sum + one.cachedTokens, 0);
	return (
		<Stack gap="lg">
			<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
				<Stat
					label="Running · waiting"
					value={`${formatCount(figures.running)} · ${formatCount(figures.waiting)}`}
				>
					{prompt > 0 &&
						`${formatShare(cached / prompt)} of their prompts from cache`}
				</Stat>
				<Stat
					label="Time to first token, p95"
					value={formatMs(figures.ttftMs?.p95)}
				>
					p50 {formatMs(figures.ttftMs?.p50)}
				</Stat>
				<Stat
					label="Inter-token latency, p95"
					value={formatMs(figures.itlMs?.p95)}
				>
					p50 {formatMs(figures.itlMs?.p50)}
				</Stat>
				<Stat
					label="Output tokens a second"
					value={formatCount(Math.round(figures.tokensPerSecond))}
				>
					step {formatMs(figures.stepMs)}, KV {formatShare(figures.kvUse)}
				</Stat>
			</SimpleGrid>
			<Section
				title="Sequences in flight"
				description="The last minute. Bars above each other were computed in the same batch (a dotted line parts replicas); violet starts came from the prefix cache."
			>
				<SequenceTimeline moments={moments} service={name} />
			</Section>
			<Section title="Right now">
				<SequenceTable replicas={current.replicas} />
			</Section>
			<ServiceCharts moments={moments} name={name} />
		</Stack>
	);
}

function ReplicaTable({
	service,
	live,
}: {
	service: Service;
	live: FleetLive;
}) {
	const current = live.moments
		.at(-1)
		?.services.find((one) => one.name === service.name)?.replicas;
	const number = (title: string) => ({ title, isNumber: true as const });
	if (service.replicas.length === 0)
		return (
			<EmptyState
				icon={FleetIcon}
				title="No replica runs"
				description={
					service.start === "on-demand"
						? "The first request for it starts one."
						: "Start the service, or scale it up."
				}
			/>
		);
	return (
		<Section title="Replicas" flush>
			<WideTable
				label="Replicas"
				stacks
				minWidth={860}
				head={[
					"Replica",
					"State",
					number("Up for"),
					number("Process"),
					number("Memory"),
					number("Running · waiting"),
					number("KV"),
					number("Step"),
					number("Deaths"),
				]}
			>
				{service.replicas.map((replica) => {
					const figures = current?.find(({ id }) => id === replica.id);
					return (
						<Table.Tr key={replica.id}>
							<Table.Td>
								{replica.id}
								{replica.reason !== null && (
									<Text size="xs" c="dimmed">
										{replica.reason}
									</Text>
								)}
							</Table.Td>
							<Table.Td>
								<PhaseBadge phase={replica.phase} />
							</Table.Td>
							<NumberCell>{formatSeconds(replica.ageSeconds)}</NumberCell>
							<NumberCell>{replica.pid ?? "–"}</NumberCell>
							<NumberCell>
								{formatBytes(figures?.memoryBytes ?? replica.memoryBytes)}
							</NumberCell>
							<NumberCell>
								{figures === undefined
									? "–"
									: `${figures.running} · ${figures.waiting}`}
							</NumberCell>
							<NumberCell>{formatShare(figures?.kvUse)}</NumberCell>
							<NumberCell>{formatMs(figures?.stepMs)}</NumberCell>
							<NumberCell>{replica.deaths}</NumberCell>
						</Table.Tr>
					);
				})}
			</WideTable>
		</Section>
	);
}
