import type { Candidate } from "../candidate.ts";
import type { AccuracyFigures, SpeedRun } from "../figures.ts";

export const testCandidate: Candidate = Object.freeze({
	variant: "source",
	threads: 4,
	threadsBatch: 4,
	microBatchTokens: 512,
	flashAttention: "auto",
	kvType: "f16",
	kvLayout: "auto",
	speculation: "auto",
});

/** A run with so many tokens a second at each of two concurrencies. */
export function speedRun(
	throughput: number,
	more: { itlP95Ms?: number; ttftP95Ms?: number; memoryBytes?: number } = {},
): SpeedRun {
	const load = (concurrency: number) => ({
		concurrency,
		seconds: 2,
		outputTokens: 2 * throughput,
		outputThroughput: throughput,
		ttftP50Ms: 20,
		ttftP95Ms: more.ttftP95Ms ?? 30,
		itlP50Ms: 8,
		itlP95Ms: more.itlP95Ms ?? 10,
		decodeTokensPerSecond: throughput,
		prefillTokensPerSecond: 10 * throughput,
	});
	return {
		loads: [load(1), load(8)],
		peakMemoryBytes: more.memoryBytes ?? 2 ** 28,
		loadSeconds: 1,
		wallSeconds: 5,
		foreignShare: 0,
	};
}

export function accuracyOf(meanKl: number, loss = 0): AccuracyFigures {
	return {
		perplexity: 20 * (1 + loss),
		referencePerplexity: 20,
		meanKl,
		klStandardError: meanKl / 20,
		topAgreement: 1 - meanKl,
		positions: 1020,
	};
}
