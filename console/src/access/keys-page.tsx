import {
	Badge,
	Button,
	Group,
	Stack,
	Switch,
	Table,
	Text,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useKeyActions, useKeys } from "../api/access-queries.ts";
import type { ApiKey, CreatedKey } from "../api/access-types.ts";
import { useSession } from "../api/client.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ConfirmButton } from "../components/confirm-button.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { KeyIcon, PlusIcon } from "../components/icons.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { KeyForm } from "./key-form.tsx";
import { limitWords, revokeConsequence, stateOfKey } from "./key-words.ts";
import { NewKeyDialog } from "./new-key-dialog.tsx";

export function KeysPage() {
	const { mayAdmin } = useSession();
	const keys = useKeys();
	const actions = useKeyActions();
	const [isOpen, form] = useDisclosure(false);
	const [changed, setChanged] = useState<ApiKey | null>(null);
	const [fresh, setFresh] = useState<CreatedKey | null>(null);
	const [withRevoked, setWithRevoked] = useState(false);
	const create = (
		<Button
			leftSection={<PlusIcon size={16} />}
			onClick={() => {
				setChanged(null);
				form.open();
			}}
			disabled={!mayAdmin}
		>
			Create key
		</Button>
	);
	const now = Date.now();
	const shown = (keys.data ?? []).filter(
		(key) => withRevoked || stateOfKey(key, now) !== "revoked",
	);
	return (
		<>
			<PageHeader
				title="Keys"
				description="Who may use this gateway, for what, and how much."
				actions={create}
			/>
			<Stack gap="lg">
				<FailureAlert error={actions.rotate.error ?? actions.revoke.error} />
				{keys.data === undefined ? (
					keys.error === null ? (
						<PageLoading />
					) : (
						<ErrorState
							error={keys.error}
							onRetry={() => void keys.refetch()}
						/>
					)
				) : keys.data.length === 0 ? (
					<EmptyState
						icon={KeyIcon}
						title="No key yet"
						description="Make one for each application or person: then each has its own limits and usage."
					>
						{create}
					</EmptyState>
				) : (
					<Section
						title="All keys"
						flush
						actions={
							<Switch
								label="Show revoked"
								checked={withRevoked}
								onChange={({ currentTarget }) =>
									setWithRevoked(currentTarget.checked)
								}
							/>
						}
					>
						<WideTable
							label="Keys"
							stacks
							minWidth={900}
							head={[
								"Name",
								"State",
								"May",
								"Models",
								"Limits",
								"Last used",
								"",
							]}
						>
							{shown.map((key) => (
								<Table.Tr key={key.id}>
									<Table.Td>
										<Text size="sm" fw={550} style={{ whiteSpace: "nowrap" }}>
											{key.name}
										</Text>
										<Text size="xs" c="dimmed" ff="monospace">
											{key.prefix}…
										</Text>
									</Table.Td>
									<Table.Td>
										<PhaseBadge phase={stateOfKey(key, now)} />
										{key.expiresAt !== null && (
											<Text size="xs" c="dimmed" mt={2}>
												until {formatTime(key.expiresAt)}
											</Text>
										)}
									</Table.Td>
									<Table.Td>
										<Group gap={4}>
											{key.scopes.map((scope) => (
												<Badge
													key={scope}
													color="gray"
													size="sm"
													style={{ flexShrink: 0 }}
												>
													{scope}
												</Badge>
											))}
										</Group>
									</Table.Td>
									<Table.Td>
										<Text size="sm" style={{ whiteSpace: "nowrap" }}>
											{key.models?.join(", ") ?? "all"}
										</Text>
									</Table.Td>
									<Table.Td>
										{limitWords(key.limits).map((words) => (
											<Text
												key={words}
												size="xs"
												c="dimmed"
												style={{ whiteSpace: "nowrap" }}
											>
												{words}
											</Text>
										))}
									</Table.Td>
									<Table.Td style={{ whiteSpace: "nowrap" }}>
										{key.lastUsedAt === null
											? "never"
											: formatTime(key.lastUsedAt)}
									</Table.Td>
									<Table.Td>
										{mayAdmin && stateOfKey(key, now) !== "revoked" && (
											<Group gap={4} wrap="nowrap" justify="flex-end">
												<Button
													variant="default"
													size="compact-xs"
													aria-label={`Change ${key.name}`}
													onClick={() => {
														setChanged(key);
														form.open();
													}}
												>
													Change
												</Button>
												<ConfirmButton
													variant="default"
													size="compact-xs"
													aria-label={`Rotate ${key.name}`}
													question={`Rotate ${key.name}?`}
													consequence="A new secret is made and shown once; the old one stops working. Limits and usage go on."
													verb="Rotate"
													onConfirm={() =>
														actions.rotate.mutate(key.id, {
															onSuccess: (created) =>
																setFresh({ ...key, ...created }),
														})
													}
												>
													Rotate
												</ConfirmButton>
												<ConfirmButton
													variant="default"
													size="compact-xs"
													aria-label={`Revoke ${key.name}`}
													question={`Revoke ${key.name}?`}
													consequence={revokeConsequence(
														key,
														keys.data ?? [],
														now,
													)}
													verb="Revoke"
													onConfirm={() => actions.revoke.mutate(key.id)}
												>
													Revoke
												</ConfirmButton>
											</Group>
										)}
									</Table.Td>
								</Table.Tr>
							))}
						</WideTable>
					</Section>
				)}
			</Stack>
			<KeyForm
				key={`${changed?.id} ${isOpen}`}
				isOpen={isOpen}
				onClose={form.close}
				changed={changed}
				onCreated={setFresh}
			/>
			<NewKeyDialog created={fresh} onClose={() => setFresh(null)} />
		</>
	);
}
