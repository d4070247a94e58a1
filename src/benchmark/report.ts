import type { GoodputLimits } from "./goodput.ts";
import type { Distribution } from "./statistics.ts";
import type { CompletionEndpoint } from "./stream-chunk.ts";

/** How requests were offered: a fixed number at a time, or at a rate whatever the server does. */
export type StageLoad =
	| { mode: "closed"; concurrency: number }
	| { mode: "open"; requestRate: number; burstiness: number };

/** Latencies are milliseconds, throughputs are a second. Definitions are those of `vllm bench serve`. */
export interface StageReport {
	load: StageLoad;
	completed: number;
	failed: number;
	/** Failures by kind, e.g. `http_429`. */
	errors: Record<string, number>;
	/** One message a kind, as the server gave it. */
	errorExamples: Record<string, string>;
	/** Requests sent once more because the server had closed a kept connection. */
	resent: number;
	/** From the first request sent to the last one ended. */
	durationSeconds: number;
	inputTokens: number;
	/** Of the input tokens, those the server said it had cached; null when it never says. */
	cachedTokens: number | null;
	outputTokens: number;
	/** `chunks`: the server sent no usage, so chunks with output were counted. */
	outputTokensFrom: "usage" | "chunks" | "mixed";
	requestThroughput: number;
	outputThroughput: number;
	totalThroughput: number;
	/** Requests a second that kept all limits; null without limits. */
	goodput: number | null;
	/** Requests in flight at once, at most. */
	peakConcurrency: number;
	ttftMs: Distribution;
	tpotMs: Distribution;
	itlMs: Distribution;
	e2eMs: Distribution;
}

export interface BenchmarkConditions {
	url: string;
	model: string;
	endpoint: CompletionEndpoint;
	prompts: string;
	inputTokens: number | null;
	prefixTokens: number | null;
	outputTokens: number | null;
	ignoreEos: boolean;
	temperature: number | null;
	goodput: GoodputLimits | null;
	warmupRequests: number;
	seed: number;
	/** Where the load generator ran. */
	client: { node: string; platform: string; cpus: number; cpu: string };
}

export interface BenchmarkReport {
	format: "galley-bench/1";
	/** ISO 8601. */
	startedAt: string;
	conditions: BenchmarkConditions;
	stages: StageReport[];
	/** What a reader must know: a field the server did not take, a length that could not be kept. */
	notes: string[];
	/** Stopped before its end; the stages hold what was measured until then. */
	isPartial: boolean;
}
