/** A line without axes, beside its figure; it says nothing that the figure doesn't. */
export function Sparkline({
	values,
	width = 96,
	height = 28,
}: {
	values: readonly number[];
	width?: number;
	height?: number;
}) {
	const highest = Math.max(1e-9, ...values);
	const step = width / Math.max(1, values.length - 1);
	const points = values
		.map(
			(value, place) =>
				`${(place * step).toFixed(1)},${(height - 2 - (value / highest) * (height - 4)).toFixed(1)}`,
		)
		.join(" ");
	return (
		<svg width={width} height={height} aria-hidden="true">
			<polyline
				points={points}
				fill="none"
				stroke="var(--galley-accent)"
				strokeWidth="1.5"
				strokeLinejoin="round"
			/>
		</svg>
	);
}
