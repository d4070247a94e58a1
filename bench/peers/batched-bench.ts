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
	const rows: BatchedBenchRow[] = [];
	for (const layout of batchedBenchLayouts) {
		rows.push(...(await runLayout(fleet, peer, options, layout)));
	}
	return rows;
}

/** It may end before its logging thread has written the last rows: then once more. */
const tries = 4;

async function runLayout(
	fleet: ServerFleet,
	peer: LlamaPeer,
	options: BatchedBenchOptions,
	layout: BatchedBenchRow["layout"],
): Promise<BatchedBenchRow[]> {
	for (let attempt = 0; attempt < tries; attempt++) {
		const output = await fleet.capture(
			peer.batchedBench,
			batchedBenchArguments(options, layout),
		);
		const rows = parseBatchedBench(output, layout);
		if (rows.length === options.concurrency.length) return rows;
	}
	throw new Error(
		`llama-batched-bench wrote too few rows, ${tries} times: run ${["llama-batched-bench", ...batchedBenchArguments(options, layout)].join(" ")}.`,
	);
}

export const batchedBenchLayouts = ["unified", "streams"] as const;

export function batchedBenchArguments(
	options: BatchedBenchOptions,
	layout: BatchedBenchRow["layout"],
): string[] {
	const { modelPath, threads, promptTokens, outputTokens, concurrency } =
		options;
	const cells = Math.max(...concurrency) * (promptTokens + outputTokens);
	return [
		...["-m", modelPath, "-c", String(cells), "-b", "2048", "-ub", "512"],
		...["-t", String(threads), "-tb", String(threads)],
		...["-npp", String(promptTokens), "-ntg", String(outputTokens)],
		...["-npl", concurrency.join(","), "-fa", "auto"],
		layout === "unified" ? "--kv-unified" : "--no-kv-unified",
		...["--output-format", "jsonl"],
	];
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
