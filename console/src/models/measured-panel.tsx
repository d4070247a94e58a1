import { SimpleGrid, Stack, Table } from "@mantine/core";
import { useSession } from "../api/client.ts";
import type { Service } from "../api/fleet-types.ts";
import { useJobs } from "../api/job-queries.ts";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { GaugeIcon } from "../components/icons.tsx";
import { LinkButton, TextLink } from "../components/links.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatCount, formatMs, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { figuresOf } from "../live/live-figures.ts";
import { ServiceCharts } from "../live/service-charts.tsx";
import { useFleetLive } from "../live/use-fleet-live.ts";

/** What the model's replicas do here, and what was measured here. */
export function MeasuredPanel({ services }: { services: readonly Service[] }) {
	const { mayRead, mayAdmin } = useSession();
	const live = useFleetLive();
	const [service] = services;
	if (!mayRead || service === undefined)
		return (
			<EmptyState
				icon={GaugeIcon}
				title={
					mayRead ? "Nothing measured here yet" : "Your key may not see figures"
				}
				description={
					mayRead
						? "Once the model is deployed, its latency and throughput show up here."
						: undefined
				}
			/>
		);
	const figures = figuresOf(
		live.moments.at(-1)?.services.find(({ name }) => name === service.name),
	);
	return (
		<Stack gap="lg">
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
			<Runs model={service.name} mayStart={mayAdmin} />
		</Stack>
	);
}

function Runs({ model, mayStart }: { model: string; mayStart: boolean }) {
	const { data, error } = useJobs("benchmarks");
	const runs = (data ?? []).filter(({ request }) => request.model === model);
	return (
		<Section
			title="Benchmarks on this machine"
			flush
			actions={
				mayStart && (
					<LinkButton
						to="/benchmarks"
						search={{ model }}
						variant="default"
						size="xs"
						leftSection={<GaugeIcon size={16} />}
					>
						Measure
					</LinkButton>
				)
			}
		>
			{error !== null ? (
				<ErrorState compact error={error} />
			) : runs.length === 0 ? (
				<EmptyState
					compact
					icon={GaugeIcon}
					title="Not measured yet"
					description="A benchmark takes about a minute."
				/>
			) : (
				<WideTable label="Benchmarks" minWidth={320} head={["When", "State"]}>
					{runs.map(({ id, createdAt, state }) => (
						<Table.Tr key={id}>
							<Table.Td>
								<TextLink to="/benchmarks/$id" params={{ id }} size="sm">
									{formatTime(createdAt)}
								</TextLink>
							</Table.Td>
							<Table.Td>
								<PhaseBadge phase={state} />
							</Table.Td>
						</Table.Tr>
					))}
				</WideTable>
			)}
		</Section>
	);
}
