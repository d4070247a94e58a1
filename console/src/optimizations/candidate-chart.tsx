import type { OptimizationResult } from "../api/job-types.ts";
import { PathChart } from "../charts/path-chart.tsx";
import { formatCount } from "../components/quantities.ts";

/** A point a way to run the model, coloured by precision. */
export function CandidateChart({ result }: { result: OptimizationResult }) {
	const { rows, constraints } = result;
	const precisions = [...new Set(rows.map(({ precision }) => precision))];
	return (
		<PathChart
			label="KL divergence against output tokens a second"
			isScattered
			series={precisions
				.map((precision) => ({
					label: precision,
					points: rows
						.filter((row) => row.precision === precision)
						.flatMap(({ score, accuracy, isWinner, isBaseline }) =>
							score === null || accuracy === null
								? []
								: [
										{
											x: score,
											y: Math.max(0, accuracy.meanKl),
											label: isWinner ? "best" : isBaseline ? "default" : "",
										},
									],
						),
				}))
				.filter(({ points }) => points.length > 0)}
			xLabel="Output tokens a second"
			formatX={formatCount}
			formatY={(kl) => (kl === 0 ? "0" : kl.toPrecision(2))}
			target={
				constraints.maxKl === null
					? undefined
					: {
							value: constraints.maxKl,
							label: `at most ${constraints.maxKl}`,
						}
			}
		/>
	);
}
