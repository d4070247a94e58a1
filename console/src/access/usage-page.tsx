import {
	Button,
	SegmentedControl,
	SimpleGrid,
	Stack,
	Table,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useUsage } from "../api/access-queries.ts";
import type { UsageRow } from "../api/access-types.ts";
import { api, useSession } from "../api/client.ts";
import { PageLoading } from "../app/page-loading.tsx";
import { Bars } from "../charts/bars.tsx";
import { LineChart } from "../charts/line-chart.tsx";
import { EmptyState } from "../components/empty-state.tsx";
import { ErrorState } from "../components/error-state.tsx";
import { FailureAlert } from "../components/failure-alert.tsx";
import { DownloadIcon, UsageIcon } from "../components/icons.tsx";
import { PageHeader } from "../components/page-header.tsx";
import {
	formatCount,
	formatShare,
	formatUsd,
} from "../components/quantities.ts";
import { saveFile } from "../components/save-file.ts";
import { Section } from "../components/section.tsx";
import { Stat } from "../components/stat.tsx";
import { NumberCell, WideTable } from "../components/wide-table.tsx";
import {
	groupBy,
	type Measure,
	measures,
	overTime,
	sumOf,
} from "./usage-figures.ts";

const hourMs = 3_600_000;
const periods = {
	day: { title: "24 hours", ms: 24 * hourMs, by: "hour", stepMs: hourMs },
	week: {
		title: "7 days",
		ms: 7 * 24 * hourMs,
		by: "hour",
		stepMs: 6 * hourMs,
	},
	month: {
		title: "30 days",
		ms: 30 * 24 * hourMs,
		by: "day",
		stepMs: 24 * hourMs,
	},
} as const;
type Period = keyof typeof periods;

const nameOfModel = (row: UsageRow) => row.model ?? "unknown";
const nameOfKey = (row: UsageRow) => row.keyName ?? row.key ?? "without a key";

export function UsagePage() {
	const { mayAdmin } = useSession();
	const [period, setPeriod] = useState<Period>("week");
	const { ms, by, stepMs } = periods[period];
	// To the minute, so that the question stays the same while somebody looks.
	const to = Math.ceil(Date.now() / 60_000) * 60_000;
	const range = {
		from: new Date(to - ms).toISOString(),
		to: new Date(to).toISOString(),
	};
	const usage = useUsage({ ...range, by: `key,model,${by}` });
	const download = useMutation({
		mutationFn: async () =>
			saveFile(
				`galley-usage-${range.to.slice(0, 10)}.csv`,
				await api.text("/v1/usage", {
					query: { ...range, by: `key,model,${by}`, format: "csv" },
				}),
				"text/csv",
			),
	});
	return (
		<>
			<PageHeader
				title="Usage"
				description={
					mayAdmin
						? "Requests, tokens and cost, by key and model."
						: "What your key has used."
				}
				actions={
					<>
						<SegmentedControl
							aria-label="Period"
							value={period}
							onChange={(value) => setPeriod(value as Period)}
							data={Object.entries(periods).map(([value, { title }]) => ({
								value,
								label: title,
							}))}
						/>
						<Button
							variant="default"
							leftSection={<DownloadIcon size={16} />}
							loading={download.isPending}
							onClick={() => download.mutate()}
						>
							CSV
						</Button>
					</>
				}
			/>
			<FailureAlert error={download.error} />
			{usage.data === undefined ? (
				usage.error === null ? (
					<PageLoading />
				) : (
					<ErrorState
						error={usage.error}
						onRetry={() => void usage.refetch()}
					/>
				)
			) : usage.data.rows.length === 0 ? (
				<EmptyState
					icon={UsageIcon}
					title="Nothing used in this time"
					description="Every request through the gateway is counted here, by key and model."
				/>
			) : (
				<UsageFigures
					rows={usage.data.rows}
					from={to - ms}
					to={to}
					stepMs={stepMs}
				/>
			)}
		</>
	);
}

interface UsageFiguresProps {
	rows: readonly UsageRow[];
	from: number;
	to: number;
	stepMs: number;
}

function UsageFigures({ rows, from, to, stepMs }: UsageFiguresProps) {
	const [measure, setMeasure] = useState<Measure>("tokens");
	const [line, setLine] = useState("model");
	const figures = useMemo(
		() => ({
			sum: sumOf(rows),
			models: groupBy(rows, nameOfModel, measure),
			keys: groupBy(rows, nameOfKey, measure),
			time: overTime(rows, {
				from,
				to,
				stepMs,
				measure,
				labelOf: line === "key" ? nameOfKey : nameOfModel,
			}),
		}),
		[rows, from, to, stepMs, measure, line],
	);
	const { sum, models, keys, time } = figures;
	const { title, of } = measures[measure];
	const format = measure === "cost" ? formatUsd : formatCount;
	const number = (heading: string) => ({
		title: heading,
		isNumber: true as const,
	});
	const bars = (groups: typeof models) =>
		groups.slice(0, 8).map((group) => ({
			label: group.label,
			value: of(group),
			text:
				measure === "cost"
					? formatUsd(group.costUsd)
					: `${format(of(group))}${group.costUsd === null ? "" : ` · ${formatUsd(group.costUsd)}`}`,
		}));
	return (
		<Stack gap="lg">
			<SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
				<Stat label="Requests" value={formatCount(sum.requests)}>
					{formatCount(sum.errors)} failed
				</Stat>
				<Stat label="Prompt tokens" value={formatCount(sum.promptTokens)}>
					{formatShare(sum.cachedTokens / Math.max(1, sum.promptTokens))} from
					cache
				</Stat>
				<Stat label="Output tokens" value={formatCount(sum.completionTokens)} />
				<Stat label="Cost" value={formatUsd(sum.costUsd)}>
					{sum.costUsd === null && "No price is set"}
				</Stat>
			</SimpleGrid>
			<Section
				title={`${title} over time`}
				actions={
					<>
						<SegmentedControl
							aria-label="What is counted"
							size="xs"
							value={measure}
							onChange={(value) => setMeasure(value as Measure)}
							data={Object.entries(measures).map(([value, one]) => ({
								value,
								label: one.title,
								disabled: value === "cost" && sum.costUsd === null,
							}))}
						/>
						<SegmentedControl
							aria-label="A line for each"
							size="xs"
							value={line}
							onChange={setLine}
							data={[
								{ value: "model", label: "By model" },
								{ value: "key", label: "By key" },
							]}
						/>
					</>
				}
			>
				<LineChart
					label={`${title} over time, by ${line}`}
					x={time.x}
					series={time.series}
					format={format}
					height={240}
					isTime={false}
					xSteps={[1, 2, 3, 6, 12, 24, 48, 72, 168].map(
						(hours) => (hours * hourMs) / 1000,
					)}
					xValues={(place) =>
						new Intl.DateTimeFormat(
							"en",
							stepMs < 24 * hourMs && to - from <= 24 * hourMs
								? { hour: "2-digit", minute: "2-digit", hour12: false }
								: { month: "short", day: "numeric" },
						).format(place * 1000)
					}
				/>
			</Section>
			<SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
				<Section title="By model">
					<Bars label={`${title} by model`} bars={bars(models)} />
				</Section>
				<Section title="By key">
					<Bars label={`${title} by key`} bars={bars(keys)} />
				</Section>
			</SimpleGrid>
			<Section title="Keys and models" flush>
				<WideTable
					label="Usage by key and model"
					minWidth={760}
					head={[
						"Key",
						"Model",
						number("Requests"),
						number("Failed"),
						number("Prompt"),
						number("Cached"),
						number("Output"),
						number("Cost"),
					]}
				>
					{groupBy(rows, (row) => `${nameOfKey(row)}\n${row.model ?? ""}`).map(
						(group) => {
							const [key = "", model = ""] = group.label.split("\n");
							return (
								<Table.Tr key={group.label}>
									<Table.Td>{key}</Table.Td>
									<Table.Td>{model}</Table.Td>
									<NumberCell>{formatCount(group.requests)}</NumberCell>
									<NumberCell>{formatCount(group.errors)}</NumberCell>
									<NumberCell>{formatCount(group.promptTokens)}</NumberCell>
									<NumberCell>{formatCount(group.cachedTokens)}</NumberCell>
									<NumberCell>{formatCount(group.completionTokens)}</NumberCell>
									<NumberCell>{formatUsd(group.costUsd)}</NumberCell>
								</Table.Tr>
							);
						},
					)}
				</WideTable>
			</Section>
		</Stack>
	);
}
