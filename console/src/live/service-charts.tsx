import { SimpleGrid } from "@mantine/core";
import { useMemo } from "react";
import type { FleetMoment } from "../api/fleet-types.ts";
import { ChartCard } from "../charts/chart-card.tsx";
import { formatCount, formatMs } from "../components/quantities.ts";
import { figuresOf, type LiveFigures, timesOf } from "./live-figures.ts";

/** A service's last minutes, for its own page and for its model's. */
export function ServiceCharts({
	moments,
	name,
}: {
	moments: readonly FleetMoment[];
	name: string;
}) {
	const charts = useMemo(() => {
		const figures = moments.map(({ services }) =>
			figuresOf(services.find((one) => one.name === name)),
		);
		const of = (
			label: string,
			pick: (figures: LiveFigures) => number | null | undefined,
		) => ({
			label,
			values: figures.map((one) => (one === null ? null : (pick(one) ?? null))),
		});
		return {
			x: timesOf(moments),
			ttft: [
				of("p95", (one) => one.ttftMs?.p95),
				of("p50", (one) => one.ttftMs?.p50),
			],
			itl: [
				of("p95", (one) => one.itlMs?.p95),
				of("p50", (one) => one.itlMs?.p50),
			],
			queue: [
				of("running", (one) => one.running),
				of("waiting", (one) => one.waiting),
			],
			tokens: [of("tokens/s", (one) => one.tokensPerSecond)],
			step: [of("step", (one) => one.stepMs)],
			kv: [of("KV", (one) => (one.kvUse === null ? null : one.kvUse * 100))],
		};
	}, [moments, name]);
	if (moments.length < 2) return null;
	const count = (value: number) => formatCount(Math.round(value * 10) / 10);
	return (
		<SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
			<ChartCard
				label="Time to first token"
				x={charts.x}
				series={charts.ttft}
				format={formatMs}
			/>
			<ChartCard
				label="Inter-token latency"
				x={charts.x}
				series={charts.itl}
				format={formatMs}
			/>
			<ChartCard
				label="Requests"
				x={charts.x}
				series={charts.queue}
				format={count}
				atLeast={4}
			/>
			<ChartCard
				label="Output tokens a second"
				x={charts.x}
				series={charts.tokens}
				format={count}
			/>
			<ChartCard
				label="Step time"
				x={charts.x}
				series={charts.step}
				format={formatMs}
			/>
			<ChartCard
				label="KV cache in use"
				x={charts.x}
				series={charts.kv}
				format={(value) => `${Math.round(value)} %`}
				atLeast={100}
			/>
		</SimpleGrid>
	);
}
