/** Of a list of numbers, in its own unit. All are 0 when `count` is 0. */
export interface Distribution {
	count: number;
	mean: number;
	/** Of the whole list (divided by n), as numpy's `std`. */
	std: number;
	min: number;
	max: number;
	median: number;
	p50: number;
	p90: number;
	p95: number;
	p99: number;
}

export function describe(values: readonly number[]): Distribution {
	const sorted = Float64Array.from(values).sort();
	const count = sorted.length;
	let sum = 0;
	for (const value of sorted) sum += value;
	const mean = count === 0 ? 0 : sum / count;
	let squares = 0;
	for (const value of sorted) squares += (value - mean) ** 2;
	const median = percentile(sorted, 50);
	return {
		count,
		mean,
		std: count === 0 ? 0 : Math.sqrt(squares / count),
		min: sorted[0] ?? 0,
		max: sorted[count - 1] ?? 0,
		median,
		p50: median,
		p90: percentile(sorted, 90),
		p95: percentile(sorted, 95),
		p99: percentile(sorted, 99),
	};
}

/** Of ascending values, with linear interpolation between neighbours (numpy's default); 0 for an empty list. */
export function percentile(
	ascending: ArrayLike<number>,
	percent: number,
): number {
	if (ascending.length === 0) return 0;
	const place = ((ascending.length - 1) * percent) / 100;
	const below = ascending[Math.floor(place)] ?? 0;
	const above = ascending[Math.ceil(place)] ?? below;
	return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
	return percentile(Float64Array.from(values).sort(), 50);
}
