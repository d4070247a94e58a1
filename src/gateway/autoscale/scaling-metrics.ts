import type { ReplicaReading } from "../replicas/replica-reading.ts";
import type { ScalingMetric } from "./desired-replicas.ts";
import type { ScalingSettings } from "./scaling-settings.ts";

/** Where no replica says how many places it has. */
const usualPlaces = 8;
/** Beyond it a request that comes has to wait soon. */
const fullShare = 0.75;

/** What a service is scaled by, from what its ready replicas said last. */
export function scalingMetrics(
	readings: ReadonlyMap<string, ReplicaReading>,
	{ targetRequests, targetKvUse, targetItlMs }: ScalingSettings,
): ScalingMetric[] {
	const pick = (of: (reading: ReplicaReading) => number | null) =>
		new Map(
			[...readings].flatMap(([id, reading]) => {
				const value = of(reading);
				return value === null ? [] : [[id, value] as const];
			}),
		);
	const metrics: ScalingMetric[] = [
		{
			name: "requests",
			target: targetRequests ?? fullShare * placesOf(readings),
			values: pick(({ running, waiting }) => running + waiting),
		},
	];
	// Embedding and reranking models have no such cache: a metric that can't be there is none that is missing.
	const kvUse = pick((reading) => reading.kvUse);
	if (kvUse.size > 0)
		metrics.push({ name: "KV use", target: targetKvUse, values: kvUse });
	if (targetItlMs !== undefined)
		metrics.push({
			name: "ITL ms",
			target: targetItlMs,
			// Who computes nothing keeps nobody waiting.
			values: pick(({ running, itlMs }) =>
				running === 0 ? 0 : (itlMs?.p50 ?? null),
			),
		});
	return metrics;
}

function placesOf(readings: ReadonlyMap<string, ReplicaReading>): number {
	const places = [...readings.values()].flatMap(
		({ maxSequences }) => maxSequences ?? [],
	);
	return places.length === 0 ? usualPlaces : Math.max(1, Math.min(...places));
}
