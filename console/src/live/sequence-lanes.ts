import type { FleetMoment, LiveSequence } from "../api/fleet-types.ts";

export interface LaneSegment {
	/** Milliseconds since 1970. */
	from: number;
	to: number;
	state: LiveSequence["state"];
}

/** A sequence's life as a bar. */
export interface LaneBar {
	id: string;
	lane: number;
	segments: readonly LaneSegment[];
	/** 0 to 1: of its prompt, what was shared or kept and not computed. */
	cachedShare: number;
}

export interface Lanes {
	bars: readonly LaneBar[];
	lanes: number;
	/** Each replica computes batches of its own, so it has lanes of its own. */
	replicas: readonly { id: string; firstLane: number }[];
}

/** A moment stands for the second before it. */
const momentMs = 1000;
/** A gap longer than that is another life. */
const gapMs = 2500;

/**
 * Lays sequences out as bars: each in the first lane that is free when it arrives, so that bars above each other at one moment are
 * what was in flight together.
 */
export function layOutLanes(
	moments: readonly FleetMoment[],
	service: string,
	from: number,
): Lanes {
	const lives = new Map<
		string,
		{ replica: string; segments: LaneSegment[]; cachedShare: number }
	>();
	for (const { at, services } of moments) {
		if (at < from) continue;
		const replicas =
			services.find(({ name }) => name === service)?.replicas ?? [];
		for (const replica of replicas)
			for (const sequence of replica.sequences) {
				const key = `${replica.id} ${sequence.id} ${sequence.choice}`;
				const life = lives.get(key) ?? {
					replica: replica.id,
					segments: [],
					cachedShare: 0,
				};
				lives.set(key, life);
				if (sequence.promptTokens > 0)
					life.cachedShare = sequence.cachedTokens / sequence.promptTokens;
				const last = life.segments.at(-1);
				if (last?.state === sequence.state && at - last.to <= gapMs)
					last.to = at;
				else
					life.segments.push({
						from:
							last === undefined
								? at - Math.min(momentMs, sequence.ageSeconds * 1000)
								: last.to,
						to: at,
						state: sequence.state,
					});
			}
	}
	const sorted = [...lives]
		.map(([id, life]) => ({ id, ...life }))
		.sort(
			(left, right) =>
				(left.segments[0]?.from ?? 0) - (right.segments[0]?.from ?? 0),
		);
	const names = [...new Set(sorted.map(({ replica }) => replica))].sort();
	const bars: LaneBar[] = [];
	const replicas: { id: string; firstLane: number }[] = [];
	let lanes = 0;
	for (const name of names) {
		const frees: number[] = [];
		for (const { replica, ...life } of sorted) {
			if (replica !== name) continue;
			const start = life.segments[0]?.from ?? 0;
			const free = frees.findIndex((time) => time <= start);
			const lane = free === -1 ? frees.length : free;
			frees[lane] = life.segments.at(-1)?.to ?? start;
			bars.push({ ...life, lane: lanes + lane });
		}
		replicas.push({ id: name, firstLane: lanes });
		lanes += frees.length;
	}
	return { bars, lanes, replicas };
}
