import { type TopRates, toTopRates } from "./top-rates.ts";
import type { LiveRequestList, ServiceSample } from "./top-sample.ts";

export interface TopSequence {
	id: string;
	choice: number;
	state: "waiting" | "prefill" | "decode";
	waitsFor: "slot" | "memory" | "prefix" | null;
	priority: number;
	promptTokens: number;
	cachedTokens: number;
	computedTokens: number;
	generatedTokens: number;
	preemptions: number;
	adapters: readonly string[];
	ageSeconds: number;
	/** Since the sample before; null for a sequence that was not in it. */
	tokensPerSecond: number | null;
}

/** Everything that `galley top` shows. Null is what the service did not say. */
export interface TopView {
	url: string;
	state: string;
	stateDetail: string | null;
	model: string | null;
	version: string | null;
	uptimeSeconds: number | null;
	running: number | null;
	waiting: number | null;
	maxSequences: number | null;
	/** Sequences by what they wait for. */
	waitingFor: Readonly<Record<string, number>>;
	targetItlMs: number | null;
	kvCache: {
		layout: string | null;
		cells: number | null;
		/** 0 to 1. */
		usage: number | null;
		retainedTokens: number | null;
		savedTokens: number | null;
	};
	/** Null until there are two samples. */
	rates: TopRates | null;
	sequences: readonly TopSequence[] | null;
	notices: readonly string[];
}

/** `previous` is the sample before, of the same service. */
export function toTopView(
	url: string,
	sample: ServiceSample,
	previous: ServiceSample | null,
	nowUnixSeconds: number,
): TopView {
	const { metrics, live } = sample;
	const value = (name: string) => metrics?.value(`galley:${name}`) ?? null;
	const startedAt = metrics?.value("process_start_time_seconds") ?? null;
	const targetItlSeconds = value("target_itl_seconds");
	const targetItlMs =
		live?.target_itl_ms ??
		(targetItlSeconds === null ? null : targetItlSeconds * 1000);
	const layout = metrics?.label("galley:kv_layout_info", "layout") ?? null;
	return {
		url,
		state: sample.state,
		stateDetail: sample.stateDetail,
		model: metrics?.label("galley:ready", "model_name") ?? null,
		version: metrics?.label("galley:build_info", "version") ?? null,
		uptimeSeconds:
			startedAt === null ? null : Math.max(0, nowUnixSeconds - startedAt),
		running: value("num_requests_running"),
		waiting: value("num_requests_waiting"),
		maxSequences: live?.max_sequences ?? value("num_request_max"),
		waitingFor: waitingFor(sample),
		// Both routes say 0 where there is no target.
		targetItlMs: targetItlMs === 0 ? null : targetItlMs,
		kvCache: {
			layout: live?.kv_cache.layout ?? (layout === "unknown" ? null : layout),
			cells: live?.kv_cache.cells ?? value("kv_cells"),
			usage: live?.kv_cache.usage ?? value("kv_cache_usage_perc"),
			retainedTokens:
				live?.kv_cache.retained_tokens ?? value("kv_retained_tokens"),
			savedTokens: live?.kv_cache.saved_tokens ?? value("kv_saved_tokens"),
		},
		rates: toTopRates(sample, previous),
		sequences: live === null ? null : toSequences(live, sample, previous),
		notices: sample.notices,
	};
}

function waitingFor({ metrics, live }: ServiceSample): Record<string, number> {
	if (live === null) {
		const name = "galley:num_requests_waiting_by_reason";
		return Object.fromEntries(metrics?.byLabel(name, "reason") ?? []);
	}
	const counts: Record<string, number> = { slot: 0, memory: 0, prefix: 0 };
	for (const { waits_for } of live.data)
		if (waits_for !== null) counts[waits_for] = (counts[waits_for] ?? 0) + 1;
	return counts;
}

const stateOrder = ["decode", "prefill", "waiting"];

/** Those that run first, and among equals the oldest. */
function toSequences(
	live: LiveRequestList,
	{ takenAtMs }: ServiceSample,
	previous: ServiceSample | null,
): TopSequence[] {
	const keyOf = ({ id, choice }: { id: string; choice: number }) =>
		`${choice} ${id}`;
	const before = new Map(
		previous?.live?.data.map((one) => [keyOf(one), one.generated_tokens]),
	);
	const seconds = (takenAtMs - (previous?.takenAtMs ?? takenAtMs)) / 1000;
	const sequences = live.data.map((one): TopSequence => {
		const generatedBefore = before.get(keyOf(one));
		return {
			id: one.id,
			choice: one.choice,
			state: one.state,
			waitsFor: one.waits_for,
			priority: one.priority,
			promptTokens: one.prompt_tokens,
			cachedTokens: one.cached_tokens,
			computedTokens: one.computed_tokens,
			generatedTokens: one.generated_tokens,
			preemptions: one.preemptions,
			adapters: one.adapters,
			ageSeconds: one.age_seconds,
			tokensPerSecond:
				generatedBefore === undefined || seconds <= 0
					? null
					: Math.max(0, one.generated_tokens - generatedBefore) / seconds,
		};
	});
	return sequences.sort(
		(left, right) =>
			stateOrder.indexOf(left.state) - stateOrder.indexOf(right.state) ||
			right.ageSeconds - left.ageSeconds,
	);
}

/** One line of JSON, its names written as in the API. */
export function toTopJson(view: TopView, time: Date): string {
	return JSON.stringify({
		time: time.toISOString(),
		...(toSnakeCase(view) as object),
	});
}

function toSnakeCase(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(toSnakeCase);
	// More digits would be the clock's, not the service's.
	if (typeof value === "number") return Math.round(value * 1000) / 1000;
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, child]) => [
			name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
			toSnakeCase(child),
		]),
	);
}
