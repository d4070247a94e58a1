/**
 * `npm run bench -- scheduler-simulation [--target-itl-ms N]`
 * The real scheduler against steps that cost what was measured: the same figures on every machine, in seconds. For choosing
 * a policy; what it is worth is then measured with `npm run bench:peers -- scheduler`.
 */
import { parseArgs } from "node:util";
import { describe } from "../../src/benchmark/statistics.ts";
import { passCosts } from "./pass-cost.ts";
import { type SimulatedLoad, simulate } from "./simulate.ts";

const { values } = parseArgs({
	options: { "target-itl-ms": { type: "string" } },
});
const target = values["target-itl-ms"];
const targetSeconds = target === undefined ? null : Number(target) / 1000;

const short = { inputTokens: 64, sharedTokens: 0, outputTokens: 128 };
const loads: SimulatedLoad[] = [
	{ concurrency: 1, requests: 4, ...short },
	{ concurrency: 4, requests: 12, ...short },
	{ concurrency: 8, requests: 24, ...short },
	{ concurrency: 16, requests: 32, ...short },
	{
		concurrency: 8,
		requests: 16,
		inputTokens: 512,
		sharedTokens: 0,
		outputTokens: 64,
	},
	{
		concurrency: 8,
		requests: 16,
		inputTokens: 1240,
		sharedTokens: 1200,
		outputTokens: 32,
	},
];

const rows = loads.flatMap((load) =>
	Object.entries(passCosts).flatMap(([model, cost]) =>
		(["streams", "unified"] as const).map((layout) => {
			const { throughput, ttftMs, itlMs } = simulate(
				load,
				cost,
				layout,
				targetSeconds,
			);
			const { concurrency, inputTokens, sharedTokens, outputTokens } = load;
			return {
				load: `${concurrency} at a time, ${inputTokens} (${sharedTokens} cached) in, ${outputTokens} out`,
				model,
				layout,
				"tokens/s": Number(throughput.toFixed(1)),
				"TTFT p50 s": seconds(describe(ttftMs).p50),
				"TTFT p95 s": seconds(describe(ttftMs).p95),
				"ITL p50 ms": Math.round(describe(itlMs).p50),
				"ITL p99 ms": Math.round(describe(itlMs).p99),
			};
		}),
	),
);
console.table(rows);

function seconds(ms: number): number {
	return Number((ms / 1000).toFixed(2));
}
