import {
	Alert,
	Button,
	Checkbox,
	Group,
	Stack,
	Table,
	Text,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ComponentType, type ReactNode, useState } from "react";
import { useSession } from "../api/client.ts";
import {
	type JobKind,
	type JobOf,
	useJobActions,
	useJobs,
} from "../api/job-queries.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ConfirmButton } from "../components/confirm-button.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { type Icon, PlusIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import type { RunFormProps } from "./run-form.tsx";
import { runPaths } from "./run-paths.ts";

const mostCompared = 6;

export interface RunColumn<K extends JobKind> {
	title: string;
	isNumber?: boolean;
	cell: (run: JobOf<K>) => ReactNode;
}

interface RunsPageProps<K extends JobKind> {
	kind: K;
	title: string;
	description: string;
	/** `benchmark`, with its article: `A benchmark`. */
	noun: string;
	article: "A" | "An";
	icon: Icon;
	empty: { title: string; description: string };
	Form: ComponentType<RunFormProps>;
	/** Opens the form at once. */
	model?: string | undefined;
	Progress: ComponentType<{ job: JobOf<K> }>;
	columns: readonly RunColumn<K>[];
	minWidth: number;
	/** What several runs that were ticked look like side by side. */
	Comparison: ComponentType<{ ids: readonly string[] }>;
	/** Ticks before a comparison says something. */
	leastCompared: number;
	/** What is lost with a run. */
	consequence: string;
	/** Below all, once there are runs. */
	children?: ReactNode;
}

/** All runs of a kind: what goes on, what was measured, side by side. */
export function RunsPage<K extends JobKind>(props: RunsPageProps<K>) {
	const {
		kind,
		title,
		description,
		noun,
		article,
		icon,
		empty,
		Form,
		Progress,
		Comparison,
		model,
	} = props;
	const { mayAdmin } = useSession();
	const runs = useJobs(kind);
	const [isOpen, form] = useDisclosure(model !== undefined && mayAdmin);
	const [ticked, setTicked] = useState<readonly string[]>([]);
	// One that was deleted meanwhile can't be compared.
	const chosen = ticked.filter((id) => runs.data?.some((run) => run.id === id));
	const running = runs.data?.find(({ state }) => state === "running");
	const create = mayAdmin && (
		<Button leftSection={<PlusIcon size={16} />} onClick={form.open}>
			New {noun}
		</Button>
	);
	return (
		<>
			<PageHeader title={title} description={description} actions={create} />
			<Stack gap="lg">
				{running !== undefined && (
					<Alert
						color="tide"
						variant="light"
						title={`${article} ${noun} is running`}
					>
						<Progress job={running} />
						<TextLink
							to={runPaths[kind].one}
							params={{ id: running.id }}
							size="sm"
						>
							Watch it
						</TextLink>
					</Alert>
				)}
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
						icon={icon}
						title={empty.title}
						description={empty.description}
					>
						{create}
					</EmptyState>
				) : (
					<>
						<RunTable
							{...props}
							runs={runs.data}
							chosen={chosen}
							onChoose={setTicked}
						/>
						{chosen.length >= props.leastCompared && (
							<Comparison ids={chosen} />
						)}
						{props.children}
					</>
				)}
			</Stack>
			{mayAdmin && <Form isOpen={isOpen} onClose={form.close} model={model} />}
		</>
	);
}

function RunTable<K extends JobKind>({
	kind,
	title,
	noun,
	columns,
	minWidth,
	leastCompared,
	consequence,
	runs,
	chosen,
	onChoose,
}: RunsPageProps<K> & {
	runs: readonly JobOf<K>[];
	chosen: readonly string[];
	onChoose: (ids: readonly string[]) => void;
}) {
	const { mayAdmin } = useSession();
	const { remove } = useJobActions(kind);
	return (
		<Section
			title="Runs"
			description={
				leastCompared > 1
					? "Tick two or more to compare them."
					: "Tick some to compare them."
			}
			flush
		>
			<FailureAlert error={remove.error} />
			<WideTable
				label={`${title}: runs`}
				stacks
				minWidth={minWidth}
				head={[
					"Compare",
					"Run",
					...columns.map((column) =>
						column.isNumber === true
							? { title: column.title, isNumber: true as const }
							: column.title,
					),
					"State",
					"",
				]}
			>
				{runs.map((run) => {
					const { id, request, state, createdAt } = run;
					const of = `the ${noun} of ${formatTime(createdAt)}`;
					return (
						<Table.Tr key={id}>
							<Table.Td>
								<Checkbox
									aria-label={`Compare ${of}`}
									checked={chosen.includes(id)}
									disabled={state === "running" || state === "failed"}
									onChange={({ currentTarget }) =>
										onChoose(
											currentTarget.checked
												? [...chosen, id].slice(-mostCompared)
												: chosen.filter((one) => one !== id),
										)
									}
								/>
							</Table.Td>
							<Table.Td>
								<TextLink
									to={runPaths[kind].one}
									params={{ id }}
									fw={550}
									size="sm"
								>
									{request.model}
								</TextLink>
								<Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
									{formatTime(createdAt)}
								</Text>
							</Table.Td>
							{columns.map((column) =>
								column.isNumber === true ? (
									<NumberCell key={column.title}>{column.cell(run)}</NumberCell>
								) : (
									<Table.Td key={column.title}>{column.cell(run)}</Table.Td>
								),
							)}
							<Table.Td>
								<PhaseBadge phase={state} />
							</Table.Td>
							<Table.Td>
								<Group justify="flex-end">
									{mayAdmin && state !== "running" && (
										<ConfirmButton
											variant="default"
											size="compact-sm"
											aria-label={`Delete ${of}`}
											question="Delete this run?"
											consequence={consequence}
											verb="Delete"
											onConfirm={() => remove.mutate(id)}
										>
											Delete
										</ConfirmButton>
									)}
								</Group>
							</Table.Td>
						</Table.Tr>
					);
				})}
			</WideTable>
		</Section>
	);
}
