/** What measuring gives, and how runs of one candidate are put together. */

/** With so many requests kept in flight. */
export interface LoadFigures {
	concurrency: number;
	seconds: number;
	outputTokens: number;
	/** All output tokens over all the time, prefill included. */
	outputThroughput: number;
	ttftP50Ms: number;
	ttftP95Ms: number;
	itlP50Ms: number;
	itlP95Ms: number;
	/** Of steps that only decode, and of steps that only prefill; 0 when there were none. */
	decodeTokensPerSecond: number;
	prefillTokensPerSecond: number;
}

/** One run of one candidate. */
export interface SpeedRun {
	loads: readonly LoadFigures[];
	/** The highest that the engine process held at any moment. */
	peakMemoryBytes: number;
	loadSeconds: number;
	wallSeconds: number;
	/** What other programs used of all processors meanwhile, 0 to 1; null where nobody knows. */
	foreignShare: number | null;
}

/** Against the reference, over the same positions of the same text. */
export interface AccuracyFigures {
	perplexity: number;
	referencePerplexity: number;
	/** In nats a token, of the reference from this one. */
	meanKl: number;
	/** Of the mean. */
	klStandardError: number;
	/** Share of positions where both have the same likeliest token. */
	topAgreement: number;
	positions: number;
}

/** `ppl / pplReference - 1`: 0.02 is 2 % worse. */
export function perplexityLoss(accuracy: AccuracyFigures): number {
	return accuracy.perplexity / accuracy.referencePerplexity - 1;
}

/**
 * What the search maximises: the geometric mean of output tokens a second over the measured concurrencies, so that twice the
 * speed for one user counts as much as twice the speed for a full house.
 */
export function scoreOf(run: SpeedRun): number {
	if (run.loads.length === 0) return 0;
	const logs = run.loads.map(({ outputThroughput }) =>
		Math.log(Math.max(outputThroughput, 1e-9)),
	);
	return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

export function median(values: readonly number[]): number {
	if (values.length === 0) return 0;
	const sorted = [...values].sort((left, right) => left - right);
	const middle = Math.floor(sorted.length / 2);
	const upper = sorted[middle] ?? 0;
	return sorted.length % 2 === 1
		? upper
		: ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** All runs of one candidate as one: medians of what was measured, the highest memory. */
export function combineRuns(runs: readonly SpeedRun[]): SpeedRun | null {
	const [first] = runs;
	if (first === undefined) return null;
	const loads = first.loads.map(({ concurrency }, place) => {
		const same = runs.flatMap((run) => run.loads[place] ?? []);
		const of = (field: keyof LoadFigures) =>
			median(same.map((load) => load[field]));
		return {
			concurrency,
			seconds: of("seconds"),
			outputTokens: of("outputTokens"),
			outputThroughput: of("outputThroughput"),
			ttftP50Ms: of("ttftP50Ms"),
			ttftP95Ms: of("ttftP95Ms"),
			itlP50Ms: of("itlP50Ms"),
			itlP95Ms: of("itlP95Ms"),
			decodeTokensPerSecond: of("decodeTokensPerSecond"),
			prefillTokensPerSecond: of("prefillTokensPerSecond"),
		};
	});
	return {
		loads,
		peakMemoryBytes: Math.max(...runs.map((run) => run.peakMemoryBytes)),
		loadSeconds: median(runs.map((run) => run.loadSeconds)),
		wallSeconds: median(runs.map((run) => run.wallSeconds)),
		foreignShare: median(runs.map((run) => run.foreignShare ?? 0)),
	};
}

/** Of values with linear interpolation between neighbours, as numpy's default; 0 for none. */
export function percentile(values: readonly number[], percent: number): number {
	const sorted = [...values].sort((left, right) => left - right);
	const place = ((sorted.length - 1) * percent) / 100;
	const below = sorted[Math.floor(place)] ?? 0;
	const above = sorted[Math.ceil(place)] ?? below;
	return below + (above - below) * (place - Math.floor(place));
}
