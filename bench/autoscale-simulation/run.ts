/**
 * `npm run bench -- autoscale-simulation [--seed N]`
 * The real decider on loads of many shapes, second after second: the same figures on every machine, in seconds.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { scalingSchema } from "../../src/gateway/autoscale/scaling-settings.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { type ResultTable, writeResult } from "../harness/result.ts";
import { loadShapes } from "./loads.ts";
import { type SimulatedPolicy, service, simulateScaling } from "./simulate.ts";

const { values } = parseArgs({ options: { seed: { type: "string" } } });
const seed = Number(values.seed ?? 20_261_123);
const starts = [10, 60];

const policies: SimulatedPolicy[] = [
	{ name: "1 replica", settings: null, first: 1 },
	{ name: `${service.max} replicas`, settings: null, first: service.max },
	{
		name: "**autoscaler, defaults**",
		settings: scalingSchema.parse({}),
		first: 1,
	},
	{
		name: "at least 3 replicas",
		settings: scalingSchema.parse({}),
		first: 3,
		min: 3,
	},
	{
		name: "knows the load of the moment",
		settings: scalingSchema.parse({}),
		first: 1,
		knownSeconds: 0,
	},
	{
		name: "knows it a minute before",
		settings: scalingSchema.parse({}),
		first: 1,
		knownSeconds: 60,
	},
	{
		name: "every 15 s, as HPA",
		settings: scalingSchema.parse({ everySeconds: 15 }),
		first: 1,
	},
	{
		name: "down window 60 s",
		settings: scalingSchema.parse({ scaleDown: { windowSeconds: 60 } }),
		first: 1,
	},
	{
		name: "no down window",
		settings: scalingSchema.parse({ scaleDown: { windowSeconds: 0 } }),
		first: 1,
	},
];

const shapes = loadShapes(seed);
const figures = shapes.flatMap(({ name: load, rates }) =>
	starts.flatMap((startSeconds) =>
		policies.map((policy) => ({
			load,
			startSeconds,
			policy: policy.name,
			...simulateScaling(rates, startSeconds, policy, seed),
		})),
	),
);

const tables = shapes.map(
	({ name, what }): ResultTable => ({
		title: `${name}: ${what}`,
		head: [
			"replicas",
			"start, s",
			"mean replicas",
			"over-provisioned",
			"time over target",
			"wait p50, s",
			"wait p95, s",
			"changes/h",
			"turns/h",
		],
		rows: figures
			.filter(({ load }) => load === name)
			// A number that is fixed never starts one.
			.filter(
				({ policy, startSeconds }) =>
					!/^\d/.test(policy) || startSeconds === starts[0],
			)
			.map((row) => [
				row.policy,
				/^\d/.test(row.policy) ? "-" : String(row.startSeconds),
				row.meanReplicas.toFixed(2),
				percent(row.overProvisioned),
				percent(row.overTarget),
				row.waitP50.toFixed(1),
				row.waitP95.toFixed(1),
				row.changesPerHour.toFixed(1),
				row.turnsPerHour.toFixed(1),
			]),
	}),
);

for (const { title, head, rows } of tables) {
	console.log(`\n${title}`);
	console.table(
		rows.map((row) =>
			Object.fromEntries(head.map((column, index) => [column, row[index]])),
		),
	);
}

const path = writeResult(
	fileURLToPath(new URL("../results", import.meta.url)),
	{
		suite: "autoscale",
		title: "The autoscaler on simulated load",
		environment: describeEnvironment(),
	},
	{
		conditions: [
			`a simulation, seed ${seed}: the figures don't depend on the machine; the decider is the one that runs`,
			`a replica has ${service.places} places; ${service.itlMs(1)} ms between tokens with one sequence, ${service.itlMs(service.places)} with ${service.places}; requests of ${service.meanTokens} tokens on average, exponentially spread; Poisson arrivals; between 1 and ${service.max} replicas unless said otherwise, requests go to the one with the fewest`,
			`target: ${service.targetRequests} requests a replica (three quarters of its places); decisions every 5 s unless said otherwise`,
		],
		tables,
		notes: [
			"over-provisioned: replicas beyond those that have the offered load at the target (Little's law, known in advance), as a share of the latter",
			"the two that know are no rules but bounds: the offered load, which nobody is told, in the place of what replicas tell; the first is the best that can be done by reacting",
			"time over target: share of the time with more requests a ready replica than the target and its tolerance of 10 %",
			"turns: changes in the other direction than one in the ten minutes before. Where the load itself turns, as the bursts do, some are right; where it hardly does, as in noise and ramp, they are flapping",
		],
		data: figures,
	},
);
console.log(path);

function percent(share: number): string {
	return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
