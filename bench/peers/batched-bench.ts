import type { ServerFleet } from "../harness/server-process.ts";
import type { LlamaPeer } from "./llama-peer.ts";

export interface BatchedBenchOptions {
	modelPath: string;
	threads: number;
	promptTokens: number;
	outputTokens: number;
	concurrency: readonly number[];
}

export interface BatchedBenchRow {
	concurrency: number;
	layout: "unified" | "streams";
	/** Tokens a second while decoding. */
	decodeThroughput: number;
	/** Output tokens a second of prefill and decode together. */
	outputThroughput: number;
}

/**
 * llama.cpp's own upper bound: no HTTP, no sampling, no tokenizer; all sequences start and end together. Both cache layouts are
 * run.
 */
export async function runBatchedBench(
	fleet: ServerFleet,
	peer: LlamaPeer,
	options: BatchedBenchOptions,
): Promise<BatchedBenchRow[]> {
	const { modelPath, threads, promptTokens, outputTokens, concurrency } =
		options;
	const cells = Math.max(...concurrency) * (promptTokens + outputTokens);
	const rows: BatchedBenchRow[] = [];
	for (const layout of ["unified", "streams"] as const) {
		const output = await fleet.capture(peer.batchedBench, [
			...[
				"-m",
				modelPath,
				"-c",
				String(cells),
				"-b",
				"2048",
				"-ub",
				"512",
				"-t",
				String(threads),
				"-tb",
				String(threads),
			],
			...[
				"-npp",
				String(promptTokens),
				"-ntg",
				String(outputTokens),
				"-npl",
				concurrency.join(","),
				"-fa",
				"auto",
			],
			...[
				layout === "unified" ? "--kv-unified" : "--no-kv-unified",
				"--output-format",
				"jsonl",
			],
		]);
		rows.push(...parseBatchedBench(output, layout));
	}
	return rows;
}

export function parseBatchedBench(
	output: string,
	layout: BatchedBenchRow["layout"],
): BatchedBenchRow[] {
	return output
		.split("\n")
		.filter((line) => line.startsWith("{"))
		.map((line) => {
			const { pl, tg, t, speed_tg } = JSON.parse(line) as {
				pl: number;
				tg: number;
				t: number;
				speed_tg: number;
			};
			return {
				concurrency: pl,
				layout,
				decodeThroughput: speed_tg,
				outputThroughput: (pl * tg) / t,
			};
		});
}
