import { median } from "../../src/benchmark/statistics.ts";
import type { BenchEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { percent } from "../harness/undisturbed.ts";
import {
	type Contender,
	type Measurement,
	type Settings,
	warmupSeconds,
} from "./measure.ts";

export interface Measured {
	delayMs: number;
	requestBytes: number;
	/** Of rates. */
	floodRounds: number;
	/** Of those at a fixed rate. */
	rate: number;
	slow: Measurement[];
	paced: Measurement[];
	streams: Measurement[];
	flood: Measurement[];
	tokens: Measurement[];
	/** The gateway with some of its parts; the first is routing alone. */
	parts: Measurement[];
}

export function report(
	out: string,
	environment: BenchEnvironment,
	{ connections, rounds, seconds }: Settings,
	measured: Measured,
): string {
	const { delayMs, rate, slow, paced, streams, flood, tokens, parts } =
		measured;
	const of = (
		list: readonly Measurement[],
		contender: Contender,
		figure: (measurement: Measurement) => number,
	) => median(list.filter((one) => one.contender === contender).map(figure));
	const added = (
		list: readonly Measurement[],
		contender: Contender,
		figure: (measurement: Measurement) => number,
	) => (of(list, contender, figure) - of(list, "direct", figure)).toFixed(2);
	const latencyRow = (
		list: readonly Measurement[],
		contender: Contender,
		pick: "ms" | "firstMs",
	) => [
		contender,
		of(list, contender, (one) => one.requests / one.seconds).toFixed(0),
		of(list, contender, (one) => one[pick].p50).toFixed(2),
		of(list, contender, (one) => one[pick].p99).toFixed(2),
		contender === "direct"
			? ""
			: added(list, contender, (one) => one[pick].p50),
		contender === "direct"
			? ""
			: added(list, contender, (one) => one[pick].p99),
	];
	const latencyHead = [
		"",
		"requests/s",
		"p50",
		"p99",
		"added p50",
		"added p99",
	];
	const all: Contender[] = ["direct", "bare undici", "galley"];
	const rateRow = (
		list: readonly Measurement[],
		what: string,
		count: (measurement: Measurement) => number,
	) => {
		const rate = (one: Measurement) => count(one) / one.seconds;
		const perCpu = (one: Measurement) => count(one) / one.cpuSeconds;
		const ratio = (figure: (one: Measurement) => number) =>
			paired(
				list,
				["galley", "bare undici"],
				(mine, theirs) => figure(mine) / figure(theirs),
			).toFixed(2);
		return [
			what,
			of(list, "galley", rate).toFixed(0),
			of(list, "bare undici", rate).toFixed(0),
			`${ratio(rate)}x`,
			of(list, "galley", perCpu).toFixed(0),
			of(list, "bare undici", perCpu).toFixed(0),
			`${ratio(perCpu)}x`,
		];
	};
	const names = [...new Set(parts.map(({ contender }) => contender))];
	const [alone = ""] = names;
	const cpuMicroseconds = (one: Measurement) =>
		(one.cpuSeconds / one.requests) * 1e6;
	const shares = [...slow, ...paced, ...streams, ...flood, ...tokens].map(
		({ foreignShare }) => foreignShare ?? 0,
	);
	return writeResult(
		out,
		{
			suite: "gateway",
			title: "The gateway: what it adds, and how much it passes on",
			environment,
		},
		{
			conditions: [
				`${connections} connections, one request at a time on each; a chat completion of ${measured.requestBytes} bytes`,
				"fake engine and load client on core 0, the contender alone on core 1 (taskset); loopback",
				"bare undici: node:http and the same HTTP client, one place, no routing, keys, limits, counting or errors of its own",
				"galley: `galley up` with the fake engine as an upstream",
				`${seconds} s a measurement after ${warmupSeconds} s of warm-up; contenders in turn, another one first in each round; medians of ${rounds}`,
				`others used ${percent(median(shares))} of the machine (median), ${percent(Math.max(...shares))} at most`,
			],
			tables: [
				{
					title: `Answers of ${delayMs} ms, ${connections} connections in lockstep: milliseconds`,
					head: latencyHead,
					rows: all.map((contender) => latencyRow(slow, contender, "ms")),
				},
				{
					title: `Answers of ${delayMs} ms, ${rate} requests a second as they come: milliseconds`,
					head: latencyHead,
					rows: all.map((contender) => latencyRow(paced, contender, "ms")),
				},
				{
					title:
						"Streams of 32 tokens, one every 20 ms: time to the first, milliseconds",
					head: latencyHead,
					rows: all.map((contender) =>
						latencyRow(streams, contender, "firstMs"),
					),
				},
				{
					title: "As fast as it goes",
					head: [
						"",
						"galley/s",
						"bare/s",
						"ratio",
						"galley/CPU second",
						"bare/CPU second",
						"ratio",
					],
					rows: [
						rateRow(flood, "requests", ({ requests }) => requests),
						rateRow(tokens, "streamed events", ({ events }) => events),
					],
				},
				{
					title:
						"What the parts of the gateway cost: CPU microseconds a request",
					head: ["", "in all", "more than routing alone"],
					rows: names.map((name) => [
						name,
						of(parts, name, cpuMicroseconds).toFixed(0),
						name === alone
							? ""
							: paired(
									parts,
									[name, alone],
									(part, without) =>
										cpuMicroseconds(part) - cpuMicroseconds(without),
								).toFixed(0),
					]),
				},
			],
			notes: [
				`In lockstep all ${connections} requests are answered within a millisecond and sent again, so that each waits for those before it: the last of a burst waits for ${connections} requests' work. The target (p50 0.5 ms, p99 3 ms) is of that load, which is also the gentler one by CPU: what comes together is read and written together.`,
				`At a fixed rate requests come by themselves (Poisson), and each is timed from when it should have been sent. Seconds of CPU that the contenders took of ${seconds}: ${all.map((contender) => `${contender} ${of(paced, contender, (one) => one.cpuSeconds).toFixed(2)}`).join(", ")}.`,
				`Rates are medians of ${measured.floodRounds} rounds; ratios, and what a part costs, are medians of what the rounds give one by one: this machine's speed changes from minute to minute, and two measurements that follow each other share it.`,
				"In lockstep the streams of one contender begin together, with the same step of the engine or just behind it; where they don't, the first event waits for the next step, 20 ms: that is the engine's time.",
				"The parts are those of `galley up`, in a process of their own: no database, no console, no other services beside them.",
				`Ratios round by round, the least and the greatest: requests ${range(flood, ({ requests, seconds }) => requests / seconds)}, streamed events ${range(tokens, ({ events, seconds }) => events / seconds)}.`,
				"A CPU second of the contender depends little on other processes of this machine, but on the machine's own speed, which its host changes: compare what stands in one row.",
				"Not measured here: LiteLLM's documentation states 2 ms median and 13 ms p99 that its proxy adds (docs.litellm.ai, benchmarks), on other hardware.",
			],
			data: measured,
		},
	);
}

/** Of Galley's and the bare proxy's rates. */
function range(
	list: readonly Measurement[],
	figure: (one: Measurement) => number,
): string {
	const ratios = inRounds(
		list,
		["galley", "bare undici"],
		(mine, theirs) => figure(mine) / figure(theirs),
	);
	return `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
}

/** The median of the rounds. */
function paired(...given: Parameters<typeof inRounds>): number {
	return median(inRounds(...given));
}

/** Of two contenders in each round, one after the other: what the machine does meanwhile is nearly the same for both. */
function inRounds(
	list: readonly Measurement[],
	[one, other]: readonly [Contender, Contender],
	compare: (one: Measurement, other: Measurement) => number,
): number[] {
	const values: number[] = [];
	for (const mine of list) {
		if (mine.contender !== one) continue;
		const theirs = list.find(
			({ contender, round }) => contender === other && round === mine.round,
		);
		if (theirs !== undefined) values.push(compare(mine, theirs));
	}
	return values;
}
