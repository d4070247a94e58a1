import {
	type MetricSamples,
	quantileBetween,
} from "../observability/metric-samples.ts";
import type { ServiceSample } from "./top-sample.ts";

/** What happened between two samples. */
export interface TopRates {
	/** Between the two samples. */
	seconds: number;
	prefillTokensPerSecond: number;
	generationTokensPerSecond: number;
	/** Requests that ended, however they did. */
	requestsPerSecond: number;
	stepsPerSecond: number;
	/** Estimated from the buckets of the histogram; null when there was no step. */
	stepP50Ms: number | null;
	stepP95Ms: number | null;
	/** Of the prompt tokens looked up, 0 to 1; null when none was. */
	prefixHitRate: number | null;
	draftedTokensPerSecond: number;
	/** Of the drafted tokens, 0 to 1; null when there were none. */
	acceptanceRate: number | null;
	/** Counts, not rates: few of these are many. */
	preemptions: number;
	evictedTokens: number;
	savedTokens: number;
	restoredTokens: number;
	rejected: Readonly<Record<string, number>>;
}

/** Null when there are not two samples of the same process. */
export function toTopRates(
	{ metrics, takenAtMs }: ServiceSample,
	previous: ServiceSample | null,
): TopRates | null {
	const before = previous?.metrics ?? null;
	if (metrics === null || previous === null || before === null) return null;
	// Another process: its counters began again at 0.
	const startedAt = "process_start_time_seconds";
	if (metrics.value(startedAt) !== before.value(startedAt)) return null;
	const seconds = (takenAtMs - previous.takenAtMs) / 1000;
	if (seconds <= 0) return null;
	const increase = (name: string) => increaseOf(metrics, before, name);
	const share = (part: number, whole: number) =>
		whole > 0 ? part / whole : null;
	const stepMs = (quantile: number) => {
		const name = "galley:step_duration_seconds";
		const value = quantileBetween(
			before.buckets(name),
			metrics.buckets(name),
			quantile,
		);
		return value === null ? null : value * 1000;
	};
	const drafted = increase("spec_decode_num_draft_tokens_total");
	return {
		seconds,
		prefillTokensPerSecond: increase("prefill_tokens_computed_total") / seconds,
		generationTokensPerSecond: increase("generation_tokens_total") / seconds,
		requestsPerSecond: increase("request_success_total") / seconds,
		stepsPerSecond: increase("step_duration_seconds_count") / seconds,
		stepP50Ms: stepMs(0.5),
		stepP95Ms: stepMs(0.95),
		prefixHitRate: share(
			increase("prefix_cache_hits_total"),
			increase("prefix_cache_queries_total"),
		),
		draftedTokensPerSecond: drafted / seconds,
		acceptanceRate: share(
			increase("spec_decode_num_accepted_tokens_total"),
			drafted,
		),
		preemptions: increase("num_preemptions_total"),
		evictedTokens: increase("kv_tokens_evicted_total"),
		savedTokens: increase("kv_tokens_saved_total"),
		restoredTokens: increase("kv_tokens_restored_total"),
		rejected: rejectedBetween(before, metrics),
	};
}

/** A series that was not there before began at 0. */
function increaseOf(
	metrics: MetricSamples,
	before: MetricSamples,
	name: string,
): number {
	const now = metrics.value(`galley:${name}`) ?? 0;
	return Math.max(0, now - (before.value(`galley:${name}`) ?? 0));
}

function rejectedBetween(
	before: MetricSamples,
	metrics: MetricSamples,
): Record<string, number> {
	const name = "galley:requests_rejected_total";
	const old = before.byLabel(name, "reason");
	const increases = [...metrics.byLabel(name, "reason")].map(
		([reason, count]) => [reason, count - (old.get(reason) ?? 0)] as const,
	);
	return Object.fromEntries(increases.filter(([, count]) => count > 0));
}
