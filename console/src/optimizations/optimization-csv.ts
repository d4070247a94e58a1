import type { OptimizationResult } from "../api/job-types.ts";
import { toCsv } from "../components/to-csv.ts";

/** A row a way to run the model and number of requests at a time; the best first. */
export function optimizationCsv({ model, rows }: OptimizationResult): string {
	return toCsv(
		[
			"model",
			"precision",
			"verdict",
			"threads",
			"threads_batch",
			"micro_batch_tokens",
			"flash_attention",
			"kv_type",
			"kv_layout",
			"speculation",
			"score_tokens_per_second",
			"runs",
			"spread",
			"peak_memory_bytes",
			"perplexity",
			"perplexity_loss",
			"mean_kl",
			"top_agreement",
			"concurrency",
			"output_tokens_per_second",
			"ttft_p50_ms",
			"ttft_p95_ms",
			"itl_p50_ms",
			"itl_p95_ms",
		],
		rows.flatMap((row) => {
			const { candidate, accuracy } = row;
			const own = [
				model.name,
				row.precision,
				row.verdict,
				candidate.threads,
				candidate.threadsBatch,
				candidate.microBatchTokens,
				candidate.flashAttention,
				candidate.kvType,
				candidate.kvLayout,
				candidate.speculation,
				row.score,
				row.runs,
				row.spread,
				row.peakMemoryBytes,
				accuracy?.perplexity,
				row.perplexityLoss,
				accuracy?.meanKl,
				accuracy?.topAgreement,
			];
			// What was not measured to the end has no loads, and a verdict that says why.
			if (row.loads.length === 0) return [own];
			return row.loads.map((load) => [
				...own,
				load.concurrency,
				load.outputThroughput,
				load.ttftP50Ms,
				load.ttftP95Ms,
				load.itlP50Ms,
				load.itlP95Ms,
			]);
		}),
	);
}
