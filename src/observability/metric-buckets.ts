/** Upper bounds of the histograms' buckets; durations in seconds. */

export const firstTokenBuckets: readonly number[] = [
	...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1],
	...[2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560],
];
/** vLLM's begin at 10 ms; small models are faster than that. */
export const perTokenBuckets: readonly number[] = [
	...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4],
	...[0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80],
];
/** vLLM's, with finer steps below 300 ms for the same reason. */
export const requestBuckets: readonly number[] = [
	...[0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15],
	...[20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680],
];
export const requestTokenBuckets: readonly number[] = [
	...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000],
	...[50_000, 100_000, 200_000, 500_000, 1_000_000],
];
export const stepTokenBuckets: readonly number[] = [
	...[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384],
];
export const stepSecondsBuckets: readonly number[] = [
	...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1],
	...[0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10],
];
export const httpBuckets: readonly number[] = [
	...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
	...[30, 60, 120, 300, 600],
];
export const grammarCompileBuckets: readonly number[] = [
	...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];
