import { Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useAutoscale } from "../api/fleet-queries.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { SettingsIcon } from "../components/icons.tsx";
import { formatCount, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { WideTable } from "../components/wide-table.tsx";

/** What the autoscaler decided for a service, and why. */
export function AutoscalePanel({ name }: { name: string }) {
	const { data, error, refetch } = useAutoscale();
	if (error !== null)
		return <ErrorState error={error} onRetry={() => void refetch()} />;
	if (data === undefined) return <PageLoading />;
	const service = data.find((one) => one.name === name);
	if (service === undefined)
		return (
			<EmptyState
				icon={SettingsIcon}
				title="This service is scaled by hand"
				description="Give it minReplicas and maxReplicas in the fleet file, and the gateway follows its load."
			/>
		);
	const decisions = service.decisions.toReversed();
	return (
		<Stack gap="lg">
			<SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm">
				<Stat label="Replicas" value={service.current} />
				<Stat label="Wanted" value={service.desired} />
				<Stat label="Between" value={`${service.min} and ${service.max}`} />
			</SimpleGrid>
			<Section title="Decisions" flush>
				{decisions.length === 0 ? (
					<EmptyState
						compact
						icon={SettingsIcon}
						title="None yet"
						description="The load has asked for nothing else so far."
					/>
				) : (
					<WideTable
						label="Decisions"
						stacks
						head={["When", "Replicas", "Why", "Seen"]}
					>
						{decisions.map(({ at, from, to, reason, inputs }) => (
							<Table.Tr key={`${at}-${from}-${to}`}>
								<Table.Td style={{ whiteSpace: "nowrap" }}>
									{formatTime(at)}
								</Table.Td>
								<Table.Td style={{ whiteSpace: "nowrap" }}>
									{from} → <b>{to}</b>
								</Table.Td>
								<Table.Td>{reason}</Table.Td>
								<Table.Td>
									<Group gap="sm">
										{Object.entries(inputs).map(([label, value]) => (
											<Text key={label} size="xs" c="dimmed">
												{label}{" "}
												{typeof value === "number"
													? formatCount(Math.round(value * 100) / 100)
													: String(value)}
											</Text>
										))}
									</Group>
								</Table.Td>
							</Table.Tr>
						))}
					</WideTable>
				)}
			</Section>
		</Stack>
	);
}
