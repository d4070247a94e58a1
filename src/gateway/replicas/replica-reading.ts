import {
	type MetricSamples,
	quantileBetween,
} from "../../observability/metric-samples.ts";

export interface Percentiles {
	p50: number;
	p95: number;
}

/** What a replica's own metrics say of it. */
export interface ReplicaReading {
	running: number;
	waiting: number;
	/** Requests that it computes at once; null where it doesn't say. */
	maxSequences: number | null;
	/** 0 to 1; null of what has no KV cache. */
	kvUse: number | null;
	/** Median over the window; null when there was no step in it. */
	stepMs: number | null;
	/** Generated; of an encoder, computed. */
	tokensPerSecond: number;
	/** Of the requests whose first token came within the window. */
	ttftMs: Percentiles | null;
	itlMs: Percentiles | null;
}

/** One scrape. */
export interface MetricScrape {
	/** Milliseconds on a monotonic clock. */
	at: number;
	samples: MetricSamples;
}

/** Gauges are the last scrape's; rates and percentiles are those between two. */
export function readReplica(
	{ at, samples }: MetricScrape,
	before: MetricScrape | null,
): ReplicaReading {
	const old = before === null ? null : before.samples;
	const gauge = (name: string) => samples.value(`galley:${name}`);
	const percentiles = (name: string): Percentiles | null => {
		if (old === null) return null;
		const family = `galley:${name}`;
		const of = (share: number) =>
			quantileBetween(old.buckets(family), samples.buckets(family), share);
		const p50 = of(0.5);
		const p95 = of(0.95);
		return p50 === null || p95 === null
			? null
			: { p50: p50 * 1000, p95: p95 * 1000 };
	};
	const tokens = (one: MetricSamples) =>
		one.value("galley:generation_tokens_total") ??
		one.value("galley:encoder_batch_tokens_sum") ??
		0;
	const seconds = before === null ? 0 : (at - before.at) / 1000;
	const step =
		percentiles("step_duration_seconds") ??
		percentiles("encoder_batch_duration_seconds");
	return {
		running: gauge("num_requests_running") ?? 0,
		waiting: gauge("num_requests_waiting") ?? 0,
		maxSequences: gauge("num_request_max"),
		kvUse: gauge("kv_cache_usage_perc"),
		stepMs: step?.p50 ?? null,
		tokensPerSecond:
			old === null || seconds <= 0
				? 0
				: Math.max(0, tokens(samples) - tokens(old)) / seconds,
		ttftMs: percentiles("time_to_first_token_seconds"),
		itlMs: percentiles("inter_token_latency_seconds"),
	};
}

/** Whether counters of one go on in the other. */
export function isSameProcess(
	left: MetricSamples,
	right: MetricSamples,
): boolean {
	const startedAt = "process_start_time_seconds";
	return left.value(startedAt) === right.value(startedAt);
}
