import type { Counter, Gauge } from "prom-client";
import type { BucketHistogram } from "../../observability/bucket-histogram.ts";
import type { HistogramFamily } from "../../observability/histogram-family.ts";
import type { CallOutcome } from "../policy/model-call.ts";

/** Where the counts are read. */
export interface CallMetrics {
	running: Gauge;
	requests: Counter;
	duration: HistogramFamily;
	firstByte: HistogramFamily;
	promptTokens: Counter;
	cachedTokens: Counter;
	generationTokens: Counter;
}

interface TargetCounts {
	/** By how they ended. */
	ends: Map<string, { kind: string; status: string; calls: number }>;
	/** Null until an answer had any. */
	tokens: { prompt: number; cached: number; generated: number } | null;
}

interface ModelCounts {
	running: number;
	duration: BucketHistogram | null;
	firstByte: BucketHistogram | null;
	targets: Map<string, TargetCounts>;
}

/**
 * What is counted of every call, as plain numbers that become metrics when somebody reads them: eight sets of labels, checked and
 * sorted for each call, would cost more than the rest of what a call is counted for. The caller bounds the names.
 */
export class CallCounts {
	readonly #metrics: CallMetrics;
	readonly #models = new Map<string, ModelCounts>();

	constructor(metrics: CallMetrics) {
		this.#metrics = metrics;
	}

	begin(model: string): void {
		this.#of(model).running++;
	}

	end(
		model: string,
		{ kind, status, target, usage, firstByteMs, ms }: CallOutcome,
	): void {
		const counts = this.#of(model);
		counts.running--;
		counts.duration ??= this.#metrics.duration.of(model);
		counts.duration.observe(ms / 1000);
		if (firstByteMs !== null) {
			counts.firstByte ??= this.#metrics.firstByte.of(model);
			counts.firstByte.observe(firstByteMs / 1000);
		}
		const ofTarget = targetOf(counts, target?.name ?? "none");
		const id = `${kind}${status}`;
		const end = ofTarget.ends.get(id);
		if (end === undefined)
			ofTarget.ends.set(id, { kind, status: String(status), calls: 1 });
		else end.calls++;
		if (usage === null) return;
		ofTarget.tokens ??= { prompt: 0, cached: 0, generated: 0 };
		ofTarget.tokens.prompt += usage.promptTokens;
		ofTarget.tokens.cached += usage.cachedTokens;
		ofTarget.tokens.generated += usage.completionTokens;
	}

	/** The histograms are up to date in any case. */
	writeMetrics(): void {
		const metrics = this.#metrics;
		metrics.requests.reset();
		metrics.promptTokens.reset();
		metrics.cachedTokens.reset();
		metrics.generationTokens.reset();
		for (const [model, { running, targets }] of this.#models) {
			metrics.running.set({ model }, running);
			for (const [target, { ends, tokens }] of targets) {
				const labels = { model, target };
				for (const { kind, status, calls } of ends.values())
					metrics.requests.inc({ ...labels, kind, status }, calls);
				if (tokens === null) continue;
				metrics.promptTokens.inc(labels, tokens.prompt);
				metrics.cachedTokens.inc(labels, tokens.cached);
				metrics.generationTokens.inc(labels, tokens.generated);
			}
		}
	}

	#of(model: string): ModelCounts {
		let counts = this.#models.get(model);
		if (counts === undefined) {
			counts = {
				running: 0,
				duration: null,
				firstByte: null,
				targets: new Map(),
			};
			this.#models.set(model, counts);
		}
		return counts;
	}
}

function targetOf({ targets }: ModelCounts, name: string): TargetCounts {
	let counts = targets.get(name);
	if (counts === undefined) {
		counts = { ends: new Map(), tokens: null };
		targets.set(name, counts);
	}
	return counts;
}
