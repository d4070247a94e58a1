import type { BenchmarkResult } from "../api/job-types.ts";
import { toCsv } from "../components/to-csv.ts";

const distributions = ["ttftMs", "tpotMs", "itlMs", "e2eMs"] as const;
const percentiles = ["mean", "p50", "p90", "p95", "p99"] as const;

/** A row a stage; latencies in milliseconds. */
export function benchmarkCsv({ conditions, stages }: BenchmarkResult): string {
	return toCsv(
		[
			"model",
			"concurrency",
			"request_rate",
			"completed",
			"failed",
			"duration_seconds",
			"input_tokens",
			"cached_tokens",
			"output_tokens",
			"requests_per_second",
			"output_tokens_per_second",
			"total_tokens_per_second",
			...distributions.flatMap((name) =>
				percentiles.map(
					(percentile) => `${name.slice(0, -2)}_${percentile}_ms`,
				),
			),
		],
		stages.map((stage) => [
			conditions.model,
			stage.load.mode === "closed" ? stage.load.concurrency : null,
			stage.load.mode === "open" ? stage.load.requestRate : null,
			stage.completed,
			stage.failed,
			stage.durationSeconds,
			stage.inputTokens,
			stage.cachedTokens,
			stage.outputTokens,
			stage.requestThroughput,
			stage.outputThroughput,
			stage.totalThroughput,
			...distributions.flatMap((name) =>
				percentiles.map((percentile) => stage[name][percentile]),
			),
		]),
	);
}
