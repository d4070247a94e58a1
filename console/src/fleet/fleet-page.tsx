import { Badge, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useSession } from "../api/client.ts";
import { useFleet, useFleetActions } from "../api/fleet-queries.ts";
import type { Fleet } from "../api/fleet-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ChartCard } from "../charts/chart-card.tsx";
import { Meter } from "../charts/meter.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { FleetIcon, PlusIcon, RestartIcon } from "../components/icons.tsx";
import { LinkButton } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import {
	formatBytes,
	formatCount,
	formatMs,
} from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { figuresOf, seriesOf, timesOf } from "../live/live-figures.ts";
import { type FleetLive, useFleetLive } from "../live/use-fleet-live.ts";
import { LiveBadge } from "./live-badge.tsx";
import { ServiceCard } from "./service-card.tsx";

export function FleetPage() {
	const fleet = useFleet();
	const live = useFleetLive();
	const { mayAdmin } = useSession();
	const { reload } = useFleetActions();
	const header = (
		<PageHeader
			title="Fleet"
			badge={<LiveBadge live={live} />}
			description="Every service behind this gateway, and what it does right now."
			actions={
				mayAdmin && (
					<>
						<Button
							variant="default"
							leftSection={<RestartIcon size={16} />}
							loading={reload.isPending}
							onClick={() => reload.mutate()}
						>
							Reload file
						</Button>
						<LinkButton to="/catalog" leftSection={<PlusIcon size={16} />}>
							Deploy a model
						</LinkButton>
					</>
				)
			}
		/>
	);
	if (fleet.data === undefined)
		return (
			<>
				{header}
				{fleet.error === null ? (
					<PageLoading />
				) : (
					<ErrorState
						error={fleet.error}
						onRetry={() => void fleet.refetch()}
					/>
				)}
			</>
		);
	const { services } = fleet.data;
	return (
		<>
			{header}
			<Stack gap="lg">
				<FailureAlert
					error={reload.error}
					title="The fleet file was not read"
				/>
				{reload.data !== undefined && (
					<Text size="sm" role="status">
						{reload.data.problems.length > 0
							? `The fleet file has problems: ${reload.data.problems.join("; ")}`
							: reload.data.changed.length === 0
								? "The fleet file has not changed."
								: `Changed: ${reload.data.changed.join(", ")}.`}
					</Text>
				)}
				<FleetStats fleet={fleet.data} live={live} />
				{services.length === 0 ? (
					<EmptyState
						icon={FleetIcon}
						title="No service yet"
						description="Deploy a model from the catalog: it becomes a service of this fleet."
					>
						<LinkButton to="/catalog">Open the catalog</LinkButton>
					</EmptyState>
				) : (
					<Stack gap="sm">
						{services.map((service) => (
							<ServiceCard key={service.name} service={service} live={live} />
						))}
					</Stack>
				)}
				{live.moments.length > 1 && (
					<FleetCharts fleet={fleet.data} live={live} />
				)}
				<Elsewhere fleet={fleet.data} />
			</Stack>
		</>
	);
}

function FleetStats({ fleet, live }: { fleet: Fleet; live: FleetLive }) {
	const { services, memory } = fleet;
	const ready = services.filter(({ replicas }) =>
		replicas.some(({ phase }) => phase === "ready"),
	).length;
	const replicas = services.flatMap((service) => service.replicas).length;
	const latest = live.moments.at(-1)?.services.map(figuresOf) ?? null;
	const sum = (pick: "running" | "waiting" | "tokensPerSecond") =>
		latest === null
			? null
			: latest.reduce((total, figures) => total + (figures?.[pick] ?? 0), 0);
	const waiting = sum("waiting");
	return (
		<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
			<Stat label="Services ready" value={`${ready} of ${services.length}`}>
				{replicas} {replicas === 1 ? "replica" : "replicas"}
			</Stat>
			<Stat label="Requests in flight" value={formatCount(sum("running"))}>
				{waiting === null ? "" : `${formatCount(waiting)} waiting`}
			</Stat>
			<Stat
				label="Output tokens a second"
				value={formatCount(Math.round(sum("tokensPerSecond") ?? 0))}
			/>
			<Stat
				label="Memory"
				value={memory === null ? "–" : formatBytes(memory.usedBytes)}
			>
				{memory !== null && memory.budgetBytes !== null && (
					<>
						<div style={{ paddingBottom: 6 }}>
							of {formatBytes(memory.budgetBytes)}
						</div>
						<Meter
							label="Memory used of the budget"
							share={memory.usedBytes / memory.budgetBytes}
						/>
					</>
				)}
			</Stat>
		</SimpleGrid>
	);
}

function FleetCharts({ fleet, live }: { fleet: Fleet; live: FleetLive }) {
	const { moments } = live;
	const charts = useMemo(() => {
		const names = fleet.services
			.map(({ name }) => name)
			.filter((name) =>
				moments.at(-1)?.services.some((service) => service.name === name),
			)
			.slice(0, 6);
		return {
			x: timesOf(moments),
			tokens: names.map((label) => ({
				label,
				values: seriesOf(moments, label, (one) => one.tokensPerSecond),
			})),
			latency: names
				.map((label) => ({
					label,
					values: seriesOf(moments, label, (one) => one.itlMs?.p95),
				}))
				// An embedding service has no tokens to wait between.
				.filter(({ values }) => values.some((value) => value !== null)),
		};
	}, [fleet, moments]);
	return (
		<SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
			<ChartCard
				label="Output tokens a second"
				x={charts.x}
				series={charts.tokens}
				format={(value) => formatCount(Math.round(value))}
			/>
			<ChartCard
				label="Inter-token latency, p95"
				x={charts.x}
				series={charts.latency}
				format={formatMs}
			/>
		</SimpleGrid>
	);
}

/** Endpoints elsewhere, and names that stand for others. */
function Elsewhere({ fleet }: { fleet: Fleet }) {
	const { upstreams, aliases } = fleet;
	if (upstreams.length === 0 && aliases.length === 0) return null;
	return (
		<Section
			title="Routes"
			description="What this gateway answers for besides its own services."
		>
			<Stack gap="sm">
				{upstreams.map(({ name, url, models }) => (
					<Group key={name} gap="sm">
						<Text fw={550}>{name}</Text>
						<Text size="sm" c="dimmed" ff="monospace">
							{url}
						</Text>
						{models.map((model) => (
							<Badge key={model} color="gray">
								{model}
							</Badge>
						))}
					</Group>
				))}
				{aliases.length > 0 && (
					<Group gap="sm">
						<Text fw={550}>Aliases</Text>
						{aliases.map((alias) => (
							<Badge key={alias} color="gray">
								{alias}
							</Badge>
						))}
					</Group>
				)}
			</Stack>
		</Section>
	);
}
