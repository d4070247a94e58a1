import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideScale } from "./decide-scale.ts";
import { proposeReplicas, type ScaledReplica } from "./desired-replicas.ts";
import { type ScalingSettings, scalingSchema } from "./scaling-settings.ts";
import {
	noHistory,
	type ScaleHistory,
	steadyReplicas,
	withChange,
} from "./steady-replicas.ts";

const usual = scalingSchema.parse({});
const settings = (more: object): ScalingSettings => scalingSchema.parse(more);

const replicasOf = (
	count: number,
	readiness: ScaledReplica["readiness"] = "ready",
	from = 0,
): ScaledReplica[] =>
	Array.from({ length: count }, (_, index) => ({
		id: `s/${from + index}`,
		readiness,
	}));

const metricOf = (values: readonly number[], target: number) => ({
	name: "requests",
	target,
	values: new Map(values.map((value, index) => [`s/${index}`, value])),
});

/** A load that is shared evenly, second after second. */
function follow(
	load: readonly number[],
	how: ScalingSettings,
	{ target = 10, min = 1, max = 20, first = 1 } = {},
): number[] {
	let count = first;
	let history: ScaleHistory = noHistory;
	return load.map((requests, second) => {
		const now = second * 1000;
		const decision = decideScale(
			{
				now,
				min,
				max,
				replicas: replicasOf(count),
				metrics: [
					metricOf(Array<number>(count).fill(requests / count), target),
				],
			},
			how,
			history,
		);
		history =
			decision.to === count
				? decision.history
				: withChange(decision.history, now, decision.to - count);
		count = decision.to;
		return count;
	});
}

describe("the formula", () => {
	const cases: [string, number[], number, number][] = [
		["twice the target takes twice the replicas", [20, 20], 10, 4],
		["half of it half of them", [5, 5, 5, 5], 10, 2],
		["it is rounded up", [11.5, 11.5], 10, 3],
		["what is within the tolerance changes nothing", [10.9, 11], 10, 2],
		["three tenths of a third are no fourth replica", [0.1, 0.1, 0.1], 0.1, 3],
	];
	for (const [claim, values, target, expected] of cases)
		test(claim, () => {
			const metric = metricOf(values, target);
			const replicas = replicasOf(values.length);
			expect(
				proposeReplicas(values.length, replicas, metric, 0.1)?.replicas,
			).toBe(expected);
		});

	test("replicas that are on their way count as idle when more are asked for", () => {
		// One of three is ready: 3 times the target is just what the three are for.
		const replicas = [...replicasOf(1), ...replicasOf(2, "unready", 1)];
		expect(
			proposeReplicas(3, replicas, metricOf([30], 10), 0.1)?.replicas,
		).toBe(3);
		expect(
			proposeReplicas(3, replicas, metricOf([60], 10), 0.1)?.replicas,
		).toBe(6);
	});

	test("who is ready and doesn't tell holds back both ways", () => {
		// Fewer: taken for exactly on target.
		expect(
			proposeReplicas(3, replicasOf(3), metricOf([1, 1], 10), 0.1)?.replicas,
		).toBe(2);
		// More: taken for idle.
		expect(
			proposeReplicas(3, replicasOf(3), metricOf([14, 14], 10), 0.1)?.replicas,
		).toBe(3);
	});

	test("nobody who tells, no proposal; failed ones count for nothing", () => {
		const metric = metricOf([], 10);
		expect(proposeReplicas(2, replicasOf(2), metric, 0.1)).toBeNull();
		const replicas = [...replicasOf(1), ...replicasOf(2, "failed", 1)];
		expect(
			proposeReplicas(3, replicas, metricOf([10], 10), 0.1)?.replicas,
		).toBe(3);
		expect(
			proposeReplicas(3, replicas, metricOf([20], 10), 0.1)?.replicas,
		).toBe(2);
	});
});

describe("a decision", () => {
	const at = (metrics: Parameters<typeof metricOf>[], how = usual) =>
		decideScale(
			{
				now: 0,
				min: 1,
				max: 10,
				replicas: replicasOf(2),
				metrics: metrics.map(([values, target], index) => ({
					...metricOf(values, target),
					name: `metric ${index}`,
				})),
			},
			how,
			noHistory,
		);

	test("is the largest of what the metrics ask for, and says which", () => {
		const { to, reason } = at([
			[[5, 5], 10],
			[[25, 25], 10],
		]);
		expect(to).toBe(5);
		expect(reason).toBe("metric 1 at 25 of 10 on average");
	});

	test("doesn't make fewer while a metric is missing, and changes nothing without any", () => {
		const down = settings({ scaleDown: { windowSeconds: 0 } });
		expect(at([[[1, 1], 10]], down).to).toBe(1);
		expect(
			at(
				[
					[[1, 1], 10],
					[[], 10],
				],
				down,
			).to,
		).toBe(2);
		expect(
			at(
				[
					[[30, 30], 10],
					[[], 10],
				],
				down,
			).to,
		).toBe(6);
		expect(at([[[], 10]], down)).toMatchObject({ to: 2, wish: null });
	});

	test("a moment without a metric leaves no trace: what lasted before goes on being seen", () => {
		const windows = settings({ scaleDown: { windowSeconds: 10 } });
		let history: ScaleHistory = noHistory;
		const counts = Array.from({ length: 12 }, (_, second) => {
			const { to, reason, ...decision } = decideScale(
				{
					now: second * 1000,
					min: 1,
					max: 10,
					replicas: replicasOf(2),
					metrics: [
						metricOf([1, 1], 10),
						{ ...metricOf(second === 5 ? [] : [1, 1], 10), name: "other" },
					],
				},
				windows,
				history,
			);
			if (second === 5) expect(reason).toContain("not all");
			history = decision.history;
			return to;
		});
		expect(counts).toEqual([...Array<number>(10).fill(2), 1, 1]);
	});

	test("policies count from where their period began, whichever way it went since", () => {
		const how = {
			up: settings({
				scaleUp: {
					policies: [
						{ replicas: 2, periodSeconds: 60 },
						{ percent: 50, periodSeconds: 60 },
					],
				},
			}).scaleUp,
			down: settings({}).scaleDown,
		};
		const changes = [
			{ at: 10_000, by: 3 },
			{ at: 20_000, by: -1 },
		];
		const step = (up: typeof how.up) =>
			steadyReplicas(
				30_000,
				10,
				20,
				{ min: 1, max: 20 },
				{ ...how, up },
				{ wanted: [{ at: 0, replicas: 10 }], changes },
			).replicas;
		// It was 8 a minute ago: 10 with two more, 12 with half as many again.
		expect(step(how.up)).toBe(12);
		expect(step({ ...how.up, select: "min" })).toBe(10);
	});

	test("follows its policies: four more or twice as many in a quarter of a minute", () => {
		const counts = follow(Array<number>(40).fill(200), usual);
		expect(counts[0]).toBe(5);
		expect(counts[14]).toBe(5);
		expect(counts[15]).toBe(10);
		expect(counts[30]).toBe(20);
	});

	test("makes fewer only when that was right for five minutes", () => {
		const load = [
			...Array<number>(10).fill(50),
			...Array<number>(400).fill(10),
		];
		const counts = follow(load, usual, { first: 5 });
		expect(counts[308]).toBe(5);
		expect(counts.at(-1)).toBe(1);
		// A moment of load begins the wait anew.
		load[200] = 50;
		expect(follow(load, usual, { first: 5 })[400]).toBe(5);
	});

	test("may be told never to make fewer, or one a minute", () => {
		const load = Array<number>(200).fill(10);
		const never = settings({ scaleDown: { windowSeconds: 0, select: "none" } });
		expect(new Set(follow(load, never, { first: 5 }))).toEqual(new Set([5]));
		const slow = settings({
			scaleDown: {
				windowSeconds: 0,
				policies: [{ replicas: 1, periodSeconds: 60 }],
			},
		});
		const counts = follow(load, slow, { first: 5 });
		expect([counts[0], counts[59], counts[60], counts[120]]).toEqual([
			4, 4, 3, 2,
		]);
	});
});

describe("whatever the load", () => {
	const load = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), {
		maxLength: 120,
	});
	const how = fc.record({
		tolerance: fc.double({ min: 0, max: 0.5, noNaN: true }),
		up: fc.integer({ min: 0, max: 60 }),
		down: fc.integer({ min: 0, max: 60 }),
	});

	test("the bounds hold", () => {
		fc.assert(
			fc.property(
				load,
				how,
				fc.integer({ min: 1, max: 5 }),
				fc.integer({ min: 0, max: 10 }),
				(requests, { tolerance, up, down }, min, more) => {
					const counts = follow(
						requests,
						settings({
							tolerance,
							scaleUp: { windowSeconds: up },
							scaleDown: { windowSeconds: down },
						}),
						{ min, max: min + more, first: 3 },
					);
					for (const count of counts) {
						expect(count).toBeGreaterThanOrEqual(min);
						expect(count).toBeLessThanOrEqual(min + more);
					}
				},
			),
		);
	});

	test("under constant load it comes to rest, with enough and not more than the tolerance spares", () => {
		fc.assert(
			fc.property(
				fc.double({ min: 0, max: 200, noNaN: true }),
				fc.integer({ min: 1, max: 20 }),
				(requests, first) => {
					const counts = follow(Array<number>(500).fill(requests), usual, {
						first,
					});
					const last = counts.at(-1) ?? 0;
					expect(new Set(counts.slice(-100)).size).toBe(1);
					if (last < 20) expect(requests / last).toBeLessThanOrEqual(11 + 1e-6);
					if (last > 1) {
						const fewer = Math.max(1, Math.ceil(requests / 10 - 1e-9));
						const isSpared = Math.abs(1 - requests / last / 10) <= 0.1 + 1e-9;
						expect(last === fewer || isSpared).toBe(true);
					}
				},
			),
			{ numRuns: 30 },
		);
	});

	test("load that stays within the tolerance never moves it", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 20 }),
				fc.array(fc.double({ min: 0.91, max: 1.09, noNaN: true }), {
					maxLength: 400,
				}),
				(first, noise) => {
					const requests = noise.map((factor) => factor * 10 * first);
					const counts = follow(requests, usual, { first });
					expect(new Set([first, ...counts]).size).toBe(1);
				},
			),
		);
	});

	test("it never turns from more to fewer within the window", () => {
		fc.assert(
			fc.property(load, (requests) => {
				const counts = follow(
					requests,
					settings({ scaleDown: { windowSeconds: 30 } }),
				);
				let raisedAt = Number.NEGATIVE_INFINITY;
				for (const [second, count] of counts.entries()) {
					const before = counts[second - 1] ?? 1;
					if (count < before)
						expect(second - raisedAt).toBeGreaterThanOrEqual(30);
					if (count > before) raisedAt = second;
				}
			}),
		);
	});
});
