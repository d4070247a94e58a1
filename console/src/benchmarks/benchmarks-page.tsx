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
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../api/client.ts";
import { useJobActions, useJobResults, useJobs } from "../api/job-queries.ts";
import type { BenchmarkJob } from "../api/job-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ConfirmButton } from "../components/confirm-button.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { GaugeIcon, PlusIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatTime } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { BenchmarkForm } from "./benchmark-form.tsx";
import { BenchmarkProgressBar } from "./benchmark-progress.tsx";
import { loadWords } from "./benchmark-words.ts";
import { LoadChart } from "./load-chart.tsx";

const route = getRouteApi("/benchmarks");

export function BenchmarksPage() {
	const { model } = route.useSearch();
	const { mayAdmin } = useSession();
	const runs = useJobs("benchmarks");
	const [isOpen, form] = useDisclosure(model !== undefined);
	const [chosen, setChosen] = useState<readonly string[]>([]);
	const create = mayAdmin && (
		<Button leftSection={<PlusIcon size={16} />} onClick={form.open}>
			New benchmark
		</Button>
	);
	const running = runs.data?.find(({ state }) => state === "running");
	return (
		<>
			<PageHeader
				title="Benchmarks"
				description="How many users a model serves here, and how fast, under the load that you expect."
				actions={create}
			/>
			<Stack gap="lg">
				{running !== undefined && (
					<Alert color="tide" variant="light" title="A benchmark is running">
						<BenchmarkProgressBar job={running} />
						<TextLink
							to="/benchmarks/$id"
							params={{ id: running.id }}
							size="sm"
						>
							Watch it
						</TextLink>
					</Alert>
				)}
				{chosen.length > 0 && <Comparison ids={chosen} />}
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
						icon={GaugeIcon}
						title="Nothing measured yet"
						description="A run takes about a minute: it asks a model at several levels of load and draws throughput against latency."
					>
						{create}
					</EmptyState>
				) : (
					<Section title="Runs" description="Tick some to compare them." flush>
						<RunTable
							runs={runs.data}
							chosen={chosen}
							onChoose={setChosen}
							mayAdmin={mayAdmin}
						/>
					</Section>
				)}
			</Stack>
			<BenchmarkForm isOpen={isOpen} onClose={form.close} model={model} />
		</>
	);
}

interface RunTableProps {
	runs: readonly BenchmarkJob[];
	chosen: readonly string[];
	onChoose: (ids: readonly string[]) => void;
	mayAdmin: boolean;
}

function RunTable({ runs, chosen, onChoose, mayAdmin }: RunTableProps) {
	const { remove } = useJobActions("benchmarks");
	return (
		<>
			<FailureAlert error={remove.error} />
			<WideTable
				label="Benchmark runs"
				minWidth={720}
				head={["Compare", "Model", "Load", "Started", "State", ""]}
			>
				{runs.map(({ id, request, createdAt, state }) => (
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
							<TextLink to="/benchmarks/$id" params={{ id }} fw={550} size="sm">
								{request.model}
							</TextLink>
						</Table.Td>
						<Table.Td>
							<Text size="sm" c="dimmed">
								{loadWords(request)}
							</Text>
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
										consequence="Its figures are gone then. Download them first if you need them."
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

function Comparison({ ids }: { ids: readonly string[] }) {
	const runs = useJobResults("benchmarks", ids).flatMap(({ data }) => {
		const result = data?.result;
		return data === undefined || result == null
			? []
			: [
					{
						label: `${data.request.model}, ${formatTime(data.createdAt)}`,
						stages: result.stages,
					},
				];
	});
	return (
		<Section title="Throughput against latency">
			<LoadChart runs={runs} />
		</Section>
	);
}
