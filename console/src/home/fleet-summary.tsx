import { Group, Stack, Text } from "@mantine/core";
import { useFleet } from "../api/fleet-queries.ts";
import { TextLink } from "../components/links.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatBytes } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { LoadingProgress } from "../fleet/loading-progress.tsx";

const most = 6;

/** What runs here, in a few lines. */
export function FleetSummary() {
	const { data } = useFleet();
	if (data === undefined || data.services.length === 0) return null;
	const { services, memory } = data;
	return (
		<Section
			title="Running here"
			description={
				memory === null
					? undefined
					: `${formatBytes(memory.usedBytes)} in use${memory.budgetBytes === null ? "" : ` of ${formatBytes(memory.budgetBytes)}`}`
			}
			actions={
				<TextLink to="/fleet" size="sm">
					Fleet
				</TextLink>
			}
		>
			<Stack gap="sm">
				{services.slice(0, most).map(({ name, state, task, replicas }) => (
					<div key={name}>
						<Group justify="space-between" wrap="nowrap" gap="sm">
							<Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
								<TextLink
									to="/fleet/$service"
									params={{ service: name }}
									fw={550}
									truncate
								>
									{name}
								</TextLink>
								{task !== null && (
									<Text size="sm" c="dimmed">
										{task}
									</Text>
								)}
							</Group>
							<PhaseBadge phase={state} />
						</Group>
						{replicas.map((replica) => (
							<LoadingProgress key={replica.id} replica={replica} />
						))}
					</div>
				))}
				{services.length > most && (
					<Text size="sm" c="dimmed">
						and {services.length - most} more
					</Text>
				)}
			</Stack>
		</Section>
	);
}
