import {
	Alert,
	Button,
	SegmentedControl,
	SimpleGrid,
	Stack,
	Table,
	Text,
} from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../api/client.ts";
import { useJob, useJobActions } from "../api/job-queries.ts";
import type { EvaluatedQuestion, EvaluationResult } from "../api/job-types.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { DownloadIcon, StopIcon } from "../components/icons.tsx";
import { TextLink } from "../components/links.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { PhaseBadge } from "../components/phase-badge.tsx";
import {
	formatCount,
	formatMs,
	formatTime,
	formatUsd,
} from "../components/quantities.ts";
import { saveFile } from "../components/save-file.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { WideTable } from "../components/wide-table.tsx";
import { EvaluationProgressBar } from "./evaluation-progress.tsx";
import { formatScore } from "./scores.ts";

const route = getRouteApi("/evaluations/$id");

export function EvaluationPage() {
	const { id } = route.useParams();
	const { mayAdmin } = useSession();
	const { data: job, error, refetch } = useJob("evaluations", id);
	const { remove } = useJobActions("evaluations");
	const above = (
		<TextLink to="/evaluations" size="sm">
			Evaluations
		</TextLink>
	);
	if (job === undefined)
		return (
			<>
				<PageHeader title="Evaluation" above={above} />
				{error === null ? (
					<PageLoading />
				) : (
					<ErrorState error={error} onRetry={() => void refetch()} />
				)}
			</>
		);
	const { request, state, result, createdAt } = job;
	return (
		<>
			<PageHeader
				above={above}
				title={request.model}
				badge={<PhaseBadge phase={state} />}
				description={`${formatCount(request.questions)} questions; started ${formatTime(createdAt)}`}
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
						{result != null && (
							<Button
								variant="default"
								leftSection={<DownloadIcon size={16} />}
								onClick={() =>
									saveFile(
										`galley-evaluation-${createdAt.slice(0, 10)}.json`,
										JSON.stringify(result, null, 2),
										"application/json",
									)
								}
							>
								JSON
							</Button>
						)}
					</>
				}
			/>
			<Stack gap="lg">
				<FailureAlert error={remove.error} />
				{job.error !== null && (
					<Alert color="red" title="It failed">
						<Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
							{job.error}
						</Text>
					</Alert>
				)}
				{state === "running" && (
					<Section title="Progress">
						<EvaluationProgressBar job={job} />
					</Section>
				)}
				{result != null && <Figures result={result} />}
			</Stack>
		</>
	);
}

function Figures({ result }: { result: EvaluationResult }) {
	return (
		<>
			{result.isPartial && (
				<Alert color="orange" title="Stopped before its end">
					The figures are over the questions that were asked.
				</Alert>
			)}
			<SimpleGrid cols={{ base: 2, md: 5 }} spacing="sm">
				<Stat label="Exact match" value={formatScore(result.exactMatch)} />
				<Stat label="F1" value={formatScore(result.f1)} />
				<Stat
					label="Choice accuracy"
					value={formatScore(result.choiceAccuracy)}
				/>
				<Stat label="Latency, median" value={formatMs(result.latencyMs?.p50)}>
					p95 {formatMs(result.latencyMs?.p95)}
				</Stat>
				<Stat label="Cost" value={formatUsd(result.costUsd)}>
					{formatCount(result.promptTokens)} in,{" "}
					{formatCount(result.completionTokens)} out
				</Stat>
			</SimpleGrid>
			<Answers details={result.details} />
		</>
	);
}

const mostShown = 200;

function Answers({ details }: { details: readonly EvaluatedQuestion[] }) {
	const [which, setWhich] = useState("all");
	const isRight = ({ exactMatch, choice }: EvaluatedQuestion) =>
		(choice ?? exactMatch ?? 0) >= 1;
	const shown = details.filter(
		(detail) => which === "all" || (which === "right") === isRight(detail),
	);
	return (
		<Section
			title="Answers"
			flush
			actions={
				<SegmentedControl
					aria-label="Which answers"
					size="xs"
					value={which}
					onChange={setWhich}
					data={[
						{ value: "all", label: "All" },
						{ value: "wrong", label: "Wrong" },
						{ value: "right", label: "Right" },
					]}
				/>
			}
		>
			<WideTable
				label="Answers"
				minWidth={820}
				head={[
					"Line",
					"Question",
					"Right answer",
					"Model's answer",
					{ title: "F1", isNumber: true },
					{ title: "Time", isNumber: true },
				]}
			>
				{shown.slice(0, mostShown).map((detail) => (
					<Table.Tr key={detail.line}>
						<Table.Td>{detail.line}</Table.Td>
						<Table.Td maw={360}>{detail.question}</Table.Td>
						<Table.Td>{detail.answers.join(" / ")}</Table.Td>
						<Table.Td>
							<Text
								size="sm"
								style={{ whiteSpace: "pre-wrap" }}
								{...(isRight(detail)
									? { c: "var(--mantine-color-teal-light-color)" }
									: { c: "var(--mantine-color-error)" })}
							>
								{isRight(detail) ? "✓ " : "✗ "}
								{detail.answer ?? detail.error}
							</Text>
						</Table.Td>
						<Table.Td ta="right">
							{detail.f1 === null ? "–" : detail.f1.toFixed(2)}
						</Table.Td>
						<Table.Td ta="right">{formatMs(detail.ms)}</Table.Td>
					</Table.Tr>
				))}
			</WideTable>
			{shown.length > mostShown && (
				<Text size="sm" c="dimmed" p="md">
					and {shown.length - mostShown} more; the download has all.
				</Text>
			)}
		</Section>
	);
}
