import { nextGamma, type RandomSource } from "./random-source.ts";

export interface ArrivalOptions {
	/** Requests a second. */
	requestRate: number;
	/**
	 * Shape of the gamma distribution of the gaps: 1 is a Poisson process, below 1 comes in bursts, above 1 more evenly.
	 * As in `vllm bench serve`.
	 */
	burstiness: number;
	/** How many arrivals; or, with `durationMs`, at most so many. */
	requests: number;
	/** Arrivals after this are left out. */
	durationMs?: number | undefined;
}

/**
 * Times of arrival in milliseconds from the start, ascending; the first at 0. A fixed number of requests is stretched so that the
 * last one arrives after exactly requests / rate: two runs with different seeds offer the same load, as in `vllm bench serve`.
 */
export function planArrivals(
	options: ArrivalOptions,
	random: RandomSource,
): number[] {
	const { requestRate, burstiness, requests, durationMs } = options;
	const scaleMs = 1000 / (requestRate * burstiness);
	const arrivals: number[] = [];
	let atMs = 0;
	while (
		arrivals.length < requests &&
		(durationMs === undefined || atMs < durationMs)
	) {
		arrivals.push(atMs);
		atMs += nextGamma(random, burstiness, scaleMs);
	}
	if (durationMs !== undefined || atMs === 0) return arrivals;
	const stretch = (requests / requestRate) * (1000 / atMs);
	return arrivals.map((time) => time * stretch);
}
