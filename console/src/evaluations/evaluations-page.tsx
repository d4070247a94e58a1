import { Alert, Button, Checkbox, Group, Stack, Table } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useSession } from "../api/client.ts";
import { useJobActions, useJobs } from "../api/job-queries.ts";
import type { EvaluationJob } from "../api/job-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ConfirmButton } from "../components/confirm-button.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { ClipboardIcon, PlusIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatCount, formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { EvaluationComparison } from "./evaluation-comparison.tsx";
import { EvaluationForm } from "./evaluation-form.tsx";
import { EvaluationProgressBar } from "./evaluation-progress.tsx";
import { formatScore } from "./scores.ts";

export function EvaluationsPage() {
	const { mayAdmin } = useSession();
	const runs = useJobs("evaluations");
	const [isOpen, form] = useDisclosure(false);
	const [chosen, setChosen] = useState<readonly string[]>([]);
	const create = mayAdmin && (
		<Button leftSection={<PlusIcon size={16} />} onClick={form.open}>
			New evaluation
		</Button>
	);
	const running = runs.data?.find(({ state }) => state === "running");
	return (
		<>
			<PageHeader
				title="Evaluations"
				description="How often a model is right on your own questions, how fast, and at what cost."
				actions={create}
			/>
			<Stack gap="lg">
				{running !== undefined && (
					<Alert color="tide" variant="light" title="An evaluation is running">
						<EvaluationProgressBar job={running} />
						<TextLink
							to="/evaluations/$id"
							params={{ id: running.id }}
							size="sm"
						>
							Watch it
						</TextLink>
					</Alert>
				)}
				{chosen.length > 1 && <EvaluationComparison ids={chosen} />}
				{runs.data === undefined ? (
					runs.error === null ? (
						<PageLoading />
					) : (
						<ErrorState
							error={runs.error}
							onRetry={() => void runs.refetch()}
						/>
					)
				) : runs.data.length === 0 ? (
					<EmptyState
						icon={ClipboardIcon}
						title="Nothing evaluated yet"
						description="Bring a file of questions with right answers: one JSON object a line."
					>
						{create}
					</EmptyState>
				) : (
					<Section
						title="Runs"
						description="Tick two or more to compare accuracy against speed."
						flush
					>
						<RunTable
							runs={runs.data}
							chosen={chosen}
							onChoose={setChosen}
							mayAdmin={mayAdmin}
						/>
					</Section>
				)}
			</Stack>
			<EvaluationForm isOpen={isOpen} onClose={form.close} />
		</>
	);
}

interface RunTableProps {
	runs: readonly EvaluationJob[];
	chosen: readonly string[];
	onChoose: (ids: readonly string[]) => void;
	mayAdmin: boolean;
}

function RunTable({ runs, chosen, onChoose, mayAdmin }: RunTableProps) {
	const { remove } = useJobActions("evaluations");
	const number = (title: string) => ({ title, isNumber: true as const });
	return (
		<>
			<FailureAlert error={remove.error} />
			<WideTable
				label="Evaluation runs"
				minWidth={860}
				head={[
					"Compare",
					"Model",
					number("Questions"),
					number("Exact match"),
					number("F1"),
					number("Choice"),
					"Started",
					"State",
					"",
				]}
			>
				{runs.map(({ id, request, createdAt, state, summary }) => (
					<Table.Tr key={id}>
						<Table.Td>
							<Checkbox
								aria-label={`Compare the run of ${formatTime(createdAt)}`}
								checked={chosen.includes(id)}
								disabled={state === "running" || state === "failed"}
								onChange={({ currentTarget }) =>
									onChoose(
										currentTarget.checked
											? [...chosen, id].slice(-6)
											: chosen.filter((one) => one !== id),
									)
								}
							/>
						</Table.Td>
						<Table.Td>
							<TextLink
								to="/evaluations/$id"
								params={{ id }}
								fw={550}
								size="sm"
							>
								{request.model}
							</TextLink>
						</Table.Td>
						<Table.Td ta="right">{formatCount(request.questions)}</Table.Td>
						<Table.Td ta="right">{formatScore(summary?.exactMatch)}</Table.Td>
						<Table.Td ta="right">{formatScore(summary?.f1)}</Table.Td>
						<Table.Td ta="right">
							{formatScore(summary?.choiceAccuracy)}
						</Table.Td>
						<Table.Td style={{ whiteSpace: "nowrap" }}>
							{formatTime(createdAt)}
						</Table.Td>
						<Table.Td>
							<PhaseBadge phase={state} />
						</Table.Td>
						<Table.Td>
							<Group justify="flex-end">
								{mayAdmin && state !== "running" && (
									<ConfirmButton
										variant="default"
										size="compact-sm"
										aria-label={`Delete the run of ${formatTime(createdAt)}`}
										question="Delete this run?"
										consequence="Its answers and scores are gone then. Download them first if you need them."
										verb="Delete"
										onConfirm={() => remove.mutate(id)}
									>
										Delete
									</ConfirmButton>
								)}
							</Group>
						</Table.Td>
					</Table.Tr>
				))}
			</WideTable>
		</>
	);
}
