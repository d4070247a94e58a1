import { Group, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type ChartColors, useChartColors } from "./chart-colors.ts";
import classes from "./line-chart.module.css";

export interface LineSeries {
	label: string;
	values: readonly (number | null)[];
	/** Behind the others: a second percentile. */
	isFaint?: boolean;
	/** Which of the palette's colours; its place in the list where none is given. */
	color?: number;
}

export interface LineChartProps {
	/** What the chart shows; with the latest values it is what a screen reader says. */
	label: string;
	/** Ascending: seconds since 1970, or plain numbers. */
	x: readonly number[];
	series: readonly LineSeries[];
	format: (value: number) => string;
	height?: number;
	/** Moments of the last minutes, written as clock times. */
	isTime?: boolean;
	/** What stands at the horizontal axis. */
	xValues?: (place: number) => string;
	/** Distances that its marks may have; a day for days. */
	xSteps?: readonly number[];
	withPoints?: boolean;
	xLabel?: string;
	yLabel?: string;
	/** A horizontal line that values should stay under. */
	target?: { value: number; label: string } | undefined;
	/** The highest value that the axis always shows. */
	atLeast?: number;
}

/** Whole seconds, since that is what the clock times show. */
const clockSteps = [
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200,
	86_400,
];

export function LineChart(props: LineChartProps) {
	const { label, x, series, format, height = 160 } = props;
	const colors = useChartColors();
	const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
	const box = useRef<HTMLDivElement>(null);
	const chart = useRef<uPlot | null>(null);
	const latest = useRef(props);
	latest.current = props;
	const shape = series
		.map((one) => `${one.label}/${one.isFaint}/${one.color}`)
		.join("|");

	// biome-ignore lint/correctness/useExhaustiveDependencies: a new shape is a new chart; new values are not
	useEffect(() => {
		if (box.current === null || width === 0) return;
		const plot = new uPlot(
			optionsOf(latest.current, colors, width, height, () => latest.current),
			dataOf(latest.current),
			box.current,
		);
		chart.current = plot;
		return () => {
			chart.current = null;
			plot.destroy();
		};
	}, [shape, colors, width === 0, height]);

	useEffect(() => {
		if (width > 0) chart.current?.setSize({ width, height });
	}, [width, height]);

	// biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn
	useEffect(() => {
		chart.current?.setData(dataOf(latest.current));
	}, [x, series]);

	const values = series.map((one) => ({
		label: one.label,
		last: one.values.findLast((value) => value !== null) ?? null,
	}));
	const spoken = values
		.map(
			(one) => `${one.label} ${one.last === null ? "none" : format(one.last)}`,
		)
		.join(", ");
	return (
		<div className={classes.chart}>
			<div ref={sizeRef}>
				<div
					ref={box}
					role="img"
					aria-label={`${label}: ${spoken}`}
					style={{ height }}
				/>
			</div>
			{series.length > 1 && (
				<Group gap="md" mt={6} aria-hidden="true">
					{values.map((one, place) => (
						<Group key={one.label} gap={6} wrap="nowrap">
							<svg width="10" height="10" aria-hidden="true">
								<rect
									width="10"
									height="10"
									rx="3"
									fill={colorOf(series[place], place, colors)}
								/>
							</svg>
							<Text size="xs" c="dimmed">
								{one.label}
							</Text>
						</Group>
					))}
				</Group>
			)}
		</div>
	);
}

function dataOf({ x, series }: LineChartProps): uPlot.AlignedData {
	return [
		[...x],
		...series.map(({ values }) => [...values]),
	] as uPlot.AlignedData;
}

function colorOf(
	series: LineSeries | undefined,
	place: number,
	{ series: palette }: ChartColors,
): string {
	const color = palette[(series?.color ?? place) % palette.length] ?? "#888888";
	return series?.isFaint === true ? `${color}88` : color;
}

function optionsOf(
	props: LineChartProps,
	colors: ChartColors,
	width: number,
	height: number,
	current: () => LineChartProps,
): uPlot.Options {
	const { series, isTime = true, withPoints = false, xLabel, yLabel } = props;
	const axis = {
		stroke: colors.axis,
		grid: { stroke: colors.grid, width: 1 },
		ticks: { show: false },
		font: "11px system-ui, sans-serif",
		labelFont: "11px system-ui, sans-serif",
	};
	return {
		width,
		height,
		padding: [10, 28, 0, 0],
		legend: { show: false },
		cursor: { y: false, points: { size: 6 } },
		scales: {
			x: { time: isTime },
			y: {
				range: (_, __, highest) => {
					const top = Math.max(
						(highest ?? 0) * 1.12,
						(current().target?.value ?? 0) * 1.12,
						current().atLeast ?? 0,
					);
					// Nothing but zeros, or nothing yet: an axis all the same.
					return [0, top > 0 ? top : 1];
				},
			},
		},
		axes: [
			{
				...axis,
				size: xLabel === undefined ? 28 : 44,
				...(xLabel === undefined ? {} : { label: xLabel, labelSize: 18 }),
				...(isTime
					? {
							space: 80,
							incrs: clockSteps,
							// Its own last mark may lie outside of the picture.
							filter: ({ scales }: uPlot, places: number[]) =>
								places.map((place) =>
									place > (scales.x?.max ?? place) ? null : place,
								),
							values: (_: uPlot, places: number[]) =>
								places.map((place: number | null) =>
									place === null
										? ""
										: new Date(place * 1000).toLocaleTimeString("en-GB", {
												hour: "2-digit",
												minute: "2-digit",
												second: "2-digit",
											}),
								),
						}
					: props.xValues === undefined
						? {}
						: {
								space: 72,
								...(props.xSteps === undefined
									? {}
									: { incrs: [...props.xSteps] }),
								values: (_: uPlot, places: number[]) =>
									// A day is named once.
									withoutRepeats(
										places.map(
											(place) => current().xValues?.(place) ?? String(place),
										),
									),
							}),
			},
			{
				...axis,
				size: 58,
				space: 32,
				...(yLabel === undefined ? {} : { label: yLabel, labelSize: 18 }),
				// Whole numbers have no halves.
				values: (_, places) =>
					withoutRepeats(places.map((place) => current().format(place))),
			},
		],
		series: [
			{},
			...series.map((one, place) => {
				const color = colorOf(one, place, colors);
				return {
					label: one.label,
					stroke: color,
					width: one.isFaint === true ? 1.25 : 2,
					spanGaps: !isTime,
					points: { show: withPoints, size: 7, fill: color },
					...(series.length === 1 && !withPoints ? { fill: `${color}1f` } : {}),
				};
			}),
		],
		hooks: { draw: [(plot) => drawTarget(plot, current().target, colors)] },
	};
}

function withoutRepeats(texts: readonly string[]): string[] {
	return texts.map((text, place) => (text === texts[place - 1] ? "" : text));
}

function drawTarget(
	{ ctx, bbox, valToPos }: uPlot,
	target: LineChartProps["target"],
	colors: ChartColors,
): void {
	if (target === undefined) return;
	const y = Math.round(valToPos(target.value, "y", true));
	ctx.save();
	ctx.strokeStyle = colors.target;
	ctx.fillStyle = colors.target;
	ctx.lineWidth = devicePixelRatio;
	ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.beginPath();
	ctx.moveTo(bbox.left, y);
	ctx.lineTo(bbox.left + bbox.width, y);
	ctx.stroke();
	ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
	ctx.textAlign = "right";
	ctx.fillText(
		target.label,
		bbox.left + bbox.width - 4 * devicePixelRatio,
		y - 5 * devicePixelRatio,
	);
	ctx.restore();
}
