import { Group, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useChartColors } from "./chart-colors.ts";
import { niceTicks } from "./nice-ticks.ts";

export interface PathPoint {
	x: number;
	y: number;
	/** Stands beside the point. */
	label: string;
}

export interface PathSeries {
	label: string;
	points: readonly PathPoint[];
}

interface PathChartProps {
	label: string;
	series: readonly PathSeries[];
	xLabel: string;
	formatX: (value: number) => string;
	formatY: (value: number) => string;
	/** Points only: their order means nothing. */
	isScattered?: boolean;
	/** A horizontal line that points should stay under. */
	target?: { value: number; label: string } | undefined;
	height?: number;
}

/** Right of it a label stands on the left of its point: it would leave the picture. */
const lastThird = 2 / 3;
/** So many times the highest point. */
const farAbove = 3;
const margin = { top: 16, right: 24, bottom: 44, left: 68 };

/** Points joined in their own order: more load may bring less throughput, so the path can turn back. */
export function PathChart(props: PathChartProps) {
	const {
		label,
		series,
		xLabel,
		formatX,
		formatY,
		isScattered = false,
		target,
		height = 340,
	} = props;
	const colors = useChartColors();
	const { ref, width } = useElementSize<HTMLDivElement>();
	const points = series.flatMap((one) => one.points);
	const xTicks = niceTicks(
		Math.max(0, ...points.map(({ x }) => x)),
		Math.max(3, Math.floor(width / 110)),
	);
	const highest = Math.max(0, ...points.map(({ y }) => y));
	// A target far above would press the points into one flat line: it stands at the upper edge then, and says so.
	const isTargetAbove =
		target !== undefined && highest > 0 && target.value > highest * farAbove;
	const yTicks = niceTicks(
		Math.max(isTargetAbove ? 0 : (target?.value ?? 0), highest) * 1.08,
		6,
	);
	const innerWidth = Math.max(1, width - margin.left - margin.right);
	const innerHeight = height - margin.top - margin.bottom;
	const toX = (x: number) =>
		margin.left + (x / (xTicks.at(-1) ?? 1)) * innerWidth;
	const toY = (y: number) =>
		margin.top + innerHeight - (y / (yTicks.at(-1) ?? 1)) * innerHeight;
	const targetY =
		target === undefined || isTargetAbove ? margin.top : toY(target.value);
	const colorOf = (place: number) =>
		colors.series[place % colors.series.length] ?? colors.axis;
	const spoken = series
		.map(
			(one) =>
				`${one.label}: ${one.points.map(({ x, y, label: name }) => `${name}: ${formatX(x)}, ${formatY(y)}`).join("; ")}`,
		)
		.join(". ");
	return (
		<div>
			<div ref={ref} style={{ minHeight: height }}>
				{width > 0 && (
					<svg
						width={width}
						height={height}
						role="img"
						aria-label={`${label}. ${spoken}`}
						fontSize="11"
						fill={colors.axis}
					>
						{yTicks.map((tick) => (
							<g key={tick}>
								<line
									x1={margin.left}
									x2={width - margin.right}
									y1={toY(tick)}
									y2={toY(tick)}
									stroke={colors.grid}
								/>
								<text x={margin.left - 8} y={toY(tick) + 4} textAnchor="end">
									{formatY(tick)}
								</text>
							</g>
						))}
						{xTicks.map((tick) => (
							<g key={tick}>
								<line
									x1={toX(tick)}
									x2={toX(tick)}
									y1={margin.top}
									y2={margin.top + innerHeight}
									stroke={colors.grid}
								/>
								<text x={toX(tick)} y={height - 26} textAnchor="middle">
									{formatX(tick)}
								</text>
							</g>
						))}
						<text
							x={margin.left + innerWidth / 2}
							y={height - 6}
							textAnchor="middle"
						>
							{xLabel}
						</text>
						{target !== undefined && (
							<g>
								<line
									x1={margin.left}
									x2={width - margin.right}
									y1={targetY}
									y2={targetY}
									stroke={colors.target}
									strokeDasharray="6 4"
								/>
								<text x={margin.left + 8} y={targetY - 5} fill={colors.target}>
									{target.label}
									{isTargetAbove && ", far above"}
								</text>
							</g>
						)}
						{series.map((one, place) => (
							<g key={one.label}>
								{!isScattered && (
									<polyline
										points={one.points
											.map(({ x, y }) => `${toX(x)},${toY(y)}`)
											.join(" ")}
										fill="none"
										stroke={colorOf(place)}
										strokeWidth="2"
										strokeLinejoin="round"
									/>
								)}
								{one.points.map((point) => (
									<g key={`${point.label} ${point.x} ${point.y}`}>
										<circle
											cx={toX(point.x)}
											cy={toY(point.y)}
											r="4.5"
											fill={colorOf(place)}
											stroke={colors.surface}
											strokeWidth="1.5"
										>
											<title>{`${point.label === "" ? one.label : point.label}: ${formatX(point.x)}, ${formatY(point.y)}`}</title>
										</circle>
										<text
											{...(toX(point.x) > margin.left + innerWidth * lastThird
												? { x: toX(point.x) - 8, textAnchor: "end" }
												: { x: toX(point.x) + 8 })}
											y={toY(point.y) - 8}
											fill={colorOf(place)}
										>
											{point.label}
										</text>
									</g>
								))}
							</g>
						))}
					</svg>
				)}
			</div>
			{series.length > 1 && (
				<Group gap="md" mt={6}>
					{series.map((one, place) => (
						<Group key={one.label} gap={6} wrap="nowrap">
							<svg width="10" height="10" aria-hidden="true">
								<rect width="10" height="10" rx="3" fill={colorOf(place)} />
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
