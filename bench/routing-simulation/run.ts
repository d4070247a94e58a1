/**
 * `npm run bench -- routing-simulation [--out DIRECTORY]`
 * The gateway's own choice of a replica, on engines that cost what is assumed, against drawing one and against the least busy one: the
 * same figures on every machine. For choosing the policy and its one number, `cachedWorth`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describe, median } from "../../src/benchmark/statistics.ts";
import { cachedWorth } from "../../src/gateway/routing/choose-replica.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import {
	type Policy,
	type SimulatedLoad,
	type SimulatedReplicas,
	simulate,
} from "./simulate.ts";

const { values } = parseArgs({
	options: {
		out: {
			type: "string",
			default: fileURLToPath(new URL("../results", import.meta.url)),
		},
	},
});

const replicas: SimulatedReplicas = {
	count: 3,
	cacheTokens: 32_768,
	prefillTokensPerSecond: 4000,
	stepSeconds: 0.02,
};
const chat = { userTokens: 60, outputTokens: 100, seconds: 300 };
const loads: SimulatedLoad[] = [
	{
		name: "60 assistants with 1,200 shared tokens, used equally, one question each",
		prefixes: 60,
		use: "equal",
		prefixTokens: 1200,
		conversationsPerSecond: 7,
		turns: 1,
		...chat,
	},
	{
		name: "200 documents of 2,400 tokens, used as 1/rank, one question each",
		prefixes: 200,
		use: "1/rank",
		prefixTokens: 2400,
		conversationsPerSecond: 4,
		turns: 1,
		...chat,
	},
	{
		name: "conversations of 6 turns, 20 assistants with 400 shared tokens",
		prefixes: 20,
		use: "1/rank",
		prefixTokens: 400,
		conversationsPerSecond: 2.5,
		turns: 6,
		...chat,
	},
	{
		name: "one assistant with 1,200 shared tokens: all requests have one prefix",
		prefixes: 1,
		use: "equal",
		prefixTokens: 1200,
		conversationsPerSecond: 20,
		turns: 1,
		...chat,
	},
];
const policies: Policy[] = ["random", "least outstanding", "prefix-affine"];
const seeds = [1, 2, 3];

const measured = loads.map((load) => ({
	load,
	results: policies.map((policy) => {
		const runs = seeds.map((seed) => simulate(load, replicas, policy, seed));
		return {
			policy,
			requests: median(runs.map(({ requests }) => requests)),
			hitShare: median(runs.map(({ hitShare }) => hitShare)),
			ttftP50: median(runs.map((run) => describe(run.ttftSeconds).p50)),
			ttftP95: median(runs.map((run) => describe(run.ttftSeconds).p95)),
			imbalance: median(runs.map(({ imbalance }) => imbalance)),
		};
	}),
}));

const worths = [0.5, 1, 2, 4, 8, 16];
const byWorth = worths.map((worth) =>
	loads.slice(0, 3).map((load) => {
		const runs = seeds.map((seed) =>
			simulate(load, replicas, "prefix-affine", seed, worth),
		);
		const hits = median(runs.map(({ hitShare }) => hitShare));
		const p95 = median(runs.map((run) => describe(run.ttftSeconds).p95));
		return { worth, hits, p95 };
	}),
);

const path = writeResult(
	values.out,
	{
		suite: "routing",
		title: "Routing by prefix: cache hits and time to the first token",
		environment: describeEnvironment(),
	},
	{
		conditions: [
			`a simulation: ${replicas.count} replicas that compute prompts one after the other at ${replicas.prefillTokensPerSecond} tokens/s, keep ${replicas.cacheTokens} tokens each (the longest unused go first), a decode step takes ${replicas.stepSeconds * 1000} ms`,
			"the gateway's own code chooses (routing/choose-replica.ts and prefix-map.ts), knowing only what passed it: it sees no replica's cache",
			`${chat.userTokens} tokens of the user's own a turn, ${chat.outputTokens} out; conversations come at random (Poisson), ${chat.seconds} s; medians of ${seeds.length} draws, the same for all policies`,
			`a cached token is worth ${cachedWorth} that wait`,
		],
		tables: [
			...measured.map(({ load, results }) => {
				const random = results[0]?.hitShare ?? 0;
				return {
					title: `${load.name}, ${load.conversationsPerSecond} a second`,
					head: [
						"",
						"cache hits",
						"against random",
						"TTFT p50 ms",
						"TTFT p95 ms",
						"busiest replica",
					],
					rows: results.map((row) => [
						row.policy,
						`${(row.hitShare * 100).toFixed(1)} %`,
						`${(row.hitShare / random).toFixed(2)}x`,
						(row.ttftP50 * 1000).toFixed(0),
						(row.ttftP95 * 1000).toFixed(0),
						`${row.imbalance.toFixed(2)} of an even share`,
					]),
				};
			}),
			{
				title:
					"What a cached token is worth in tokens that wait: cache hits and TTFT p95 of the first three loads",
				head: ["", "1", "2", "3"],
				rows: byWorth.map((row) => [
					String(row[0]?.worth),
					...row.map(
						({ hits, p95 }) =>
							`${(hits * 100).toFixed(1)} %, ${(p95 * 1000).toFixed(0)} ms`,
					),
				]),
			},
		],
		notes: [
			"Cache hits are prompt tokens that were not computed again, as a share of all.",
			"The last load has nothing to gain: its prefix is soon everywhere. It shows that affinity doesn't pile requests up on one replica.",
		],
		data: { replicas, measured, byWorth },
	},
);
console.log(`${readFileSync(path, "utf8")}\n${path}`);
