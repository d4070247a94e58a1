import { Alert, Button, Stack, Text } from "@mantine/core";
import type { ComponentType, ReactNode } from "react";
import { useSession } from "../api/client.ts";
import {
	type JobKind,
	type JobOf,
	type ResultOf,
	useJob,
	useJobActions,
} from "../api/job-queries.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { DownloadIcon, GaugeIcon, StopIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import { formatTime } from "../components/quantities.ts";
import { saveFile } from "../components/save-file.ts";
import { Section } from "../components/section.tsx";
import { runPaths } from "./run-paths.ts";

interface RunPageProps<K extends JobKind> {
	kind: K;
	id: string;
	/** Of the page with all of them. */
	listTitle: string;
	/** `benchmark` */
	noun: string;
	/** What was asked for, in a line. */
	describe: (job: JobOf<K>) => string;
	Progress: ComponentType<{ job: JobOf<K> }>;
	/** The figures as a table for other programs. */
	toCsv: (result: ResultOf<K>) => string;
	/** Why a run may have ended with nothing. */
	nothing: string;
	children: (result: ResultOf<K>, job: JobOf<K>) => ReactNode;
}

/** One run: how far it is, what came out, and the files of it. */
export function RunPage<K extends JobKind>(props: RunPageProps<K>) {
	const { kind, id, listTitle, noun, describe, Progress, nothing } = props;
	const { mayAdmin } = useSession();
	const { data: job, error, refetch } = useJob(kind, id);
	const { remove } = useJobActions(kind);
	const above = (
		<TextLink to={runPaths[kind].all} size="sm">
			{listTitle}
		</TextLink>
	);
	if (job === undefined)
		return (
			<>
				<PageHeader title={`One ${noun}`} above={above} />
				{error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)}
			</>
		);
	const { request, state, createdAt } = job;
	const result = (job.result ?? null) as ResultOf<K> | null;
	return (
		<>
			<PageHeader
				above={above}
				title={request.model}
				badge={<PhaseBadge phase={state} />}
				description={`${describe(job)}; started ${formatTime(createdAt)}`}
				actions={
					<>
						{state === "running" && mayAdmin && (
							<Button
								variant="default"
								leftSection={<StopIcon size={16} />}
								loading={remove.isPending}
								onClick={() => remove.mutate(id)}
							>
								Stop
							</Button>
						)}
						{result !== null && <Downloads {...props} {...{ job, result }} />}
					</>
				}
			/>
			<Stack gap="lg">
				<FailureAlert error={remove.error} />
				{job.error !== null && (
					<Alert
						color={state === "failed" ? "red" : "orange"}
						title={state === "failed" ? "It failed" : "It was stopped"}
					>
						<Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
							{job.error}
						</Text>
					</Alert>
				)}
				{state === "running" && (
					<Section title="Progress">
						<Progress job={job} />
					</Section>
				)}
				{result !== null
					? props.children(result, job)
					: state !== "running" &&
						job.error === null && (
							<EmptyState
								icon={GaugeIcon}
								title="It ended without a figure"
								description={nothing}
							/>
						)}
			</Stack>
		</>
	);
}

function Downloads<K extends JobKind>({
	noun,
	toCsv,
	job,
	result,
}: RunPageProps<K> & { job: JobOf<K>; result: ResultOf<K> }) {
	const name = `galley-${noun}-${job.request.model.replaceAll(/[^\w.-]+/g, "-")}-${job.createdAt.slice(0, 10)}`;
	const forms = [
		{
			title: "JSON",
			save: () =>
				saveFile(
					`${name}.json`,
					JSON.stringify({ request: job.request, result }, null, 2),
					"application/json",
				),
		},
		{
			title: "CSV",
			save: () => saveFile(`${name}.csv`, toCsv(result), "text/csv"),
		},
	];
	return forms.map(({ title, save }) => (
		<Button
			key={title}
			variant="default"
			leftSection={<DownloadIcon size={16} />}
			onClick={save}
		>
			{title}
		</Button>
	));
}
