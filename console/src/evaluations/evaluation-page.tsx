import {
	Alert,
	SegmentedControl,
	SimpleGrid,
	Table,
	Text,
} from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { EvaluatedQuestion, EvaluationResult } from "../api/job-types.ts";
import { formatCount, formatMs, formatUsd } from "../components/quantities.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import { RunPage } from "../jobs/run-page.tsx";
import { evaluationCsv } from "./evaluation-csv.ts";
import { EvaluationProgressBar } from "./evaluation-progress.tsx";
import { formatScore, isRight } from "./scores.ts";

const route = getRouteApi("/evaluations/$id");

export function EvaluationPage() {
	const { id } = route.useParams();
	return (
		<RunPage
			kind="evaluations"
			id={id}
			listTitle="Evaluations"
			noun="evaluation"
			describe={({ request }) => `${formatCount(request.questions)} questions`}
			Progress={EvaluationProgressBar}
			toCsv={evaluationCsv}
			nothing="It was stopped before its first question was answered."
		>
			{(result) => <Figures result={result} />}
		</RunPage>
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
				stacks
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
						<Table.Td maw={{ xs: 360 }}>{detail.question}</Table.Td>
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
						<NumberCell>
							{detail.f1 === null ? "–" : detail.f1.toFixed(2)}
						</NumberCell>
						<NumberCell>{formatMs(detail.ms)}</NumberCell>
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
