import { Alert, Badge, Group, Loader, Stack, Table, Text } from "@mantine/core";
import { useProfiles } from "../api/catalog-queries.ts";
import type { CatalogEntry, ModelProfile } from "../api/catalog-types.ts";
import { useSession } from "../api/client.ts";
import { ErrorState } from "../components/error-state.tsx";
import { formatBytes, formatCount } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";

const groups = [
	["compatible", "Compatible", "teal"],
	["low-memory", "Low memory", "orange"],
	["incompatible", "Incompatible", "gray"],
] as const;

/** Every way to run the model on the gateway's machine, as `galley profiles` lists them. */
export function ProfilesPanel({ entry }: { entry: CatalogEntry }) {
	const { mayRead } = useSession();
	const { data, error, isFetching, refetch } = useProfiles(entry.id, mayRead);
	const hardware = data?.hardware;
	return (
		<Section
			title="Profiles on this machine"
			description={
				hardware === undefined
					? "Precision, device and context that this machine can run."
					: `${hardware.cpu.model}, ${hardware.cpu.physicalCores} cores, ${formatBytes(hardware.memory.availableBytes)} of ${formatBytes(hardware.memory.totalBytes)} free${(hardware.gpus ?? []).map(({ name }) => `, ${name}`).join("")}`
			}
			flush
		>
			{error !== null ? (
				<ErrorState compact error={error} onRetry={() => void refetch()} />
			) : data === undefined ? (
				<Group p="lg" gap="sm" role="status">
					{isFetching && <Loader size="sm" />}
					<Text size="sm" c="dimmed">
						{isFetching
							? "Looking at the machine and the model's files …"
							: "Your key may not look at this machine."}
					</Text>
				</Group>
			) : (
				<Stack gap={0}>
					{data.failure !== null && (
						<Alert color="orange" mx="lg" mb="sm">
							{data.failure}
						</Alert>
					)}
					<WideTable
						label="Profiles"
						stacks
						minWidth={560}
						head={[
							"Profile",
							"Runs",
							{ title: "Memory", isNumber: true },
							{ title: "Context", isNumber: true },
						]}
					>
						{groups.flatMap(([fit, title, color]) =>
							data.profiles
								.filter((profile) => profile.fit === fit)
								.map((profile) => (
									<ProfileRow
										key={`${profile.id} ${profile.source}`}
										profile={profile}
										isChosen={profile.id === data.chosen?.id}
										title={title}
										color={color}
									/>
								)),
						)}
					</WideTable>
				</Stack>
			)}
		</Section>
	);
}

interface ProfileRowProps {
	profile: ModelProfile;
	isChosen: boolean;
	title: string;
	color: string;
}

function ProfileRow({ profile, isChosen, title, color }: ProfileRowProps) {
	const { name, reason, profile: plan } = profile;
	return (
		<Table.Tr>
			<Table.Td>
				<Group gap="xs">
					<Text size="sm" ff="monospace">
						{name}
					</Text>
					{isChosen && <Badge size="sm">chosen</Badge>}
				</Group>
				{reason !== null && (
					<Text size="xs" c="dimmed">
						{reason}
					</Text>
				)}
			</Table.Td>
			<Table.Td>
				<Badge color={color} style={{ minWidth: "max-content" }}>
					{title}
				</Badge>
			</Table.Td>
			<NumberCell>
				{plan === null
					? "–"
					: `${formatBytes(plan.memory.totalBytes)} of ${formatBytes(plan.memory.availableBytes)}`}
			</NumberCell>
			<NumberCell>
				{plan === null
					? "–"
					: `${formatCount(plan.settings.contextLength)} × ${formatCount(plan.settings.maxSequences)}`}
			</NumberCell>
		</Table.Tr>
	);
}
