import fc from "fast-check";
import { expect, test } from "vitest";
import { planArrivals } from "./arrivals.ts";
import { createRandomSource, nextGamma } from "./random-source.ts";
import { describe as summarize } from "./statistics.ts";

const gaps = (times: readonly number[]) =>
	times.slice(1).map((time, index) => time - (times[index] ?? 0));

test("arrivals ascend from 0 and a fixed number of them offers exactly the asked rate", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 0 }),
			fc.integer({ min: 1, max: 300 }),
			fc.double({ min: 0.1, max: 500, noNaN: true }),
			fc.double({ min: 0.2, max: 10, noNaN: true }),
			(seed, requests, requestRate, burstiness) => {
				const times = planArrivals(
					{ requests, requestRate, burstiness },
					createRandomSource(seed),
				);
				expect(times).toHaveLength(requests);
				expect(times[0]).toBe(0);
				expect(times).toEqual([...times].sort((left, right) => left - right));
				// The gap after the last arrival belongs to the span, so the last arrival is before its end.
				expect(times.at(-1)).toBeLessThan(
					(requests / requestRate) * 1000 + 1e-6,
				);
			},
		),
	);
});

test("with a duration, nothing arrives after it", () => {
	const times = planArrivals(
		{
			requests: Number.POSITIVE_INFINITY,
			requestRate: 100,
			burstiness: 1,
			durationMs: 2000,
		},
		createRandomSource(7),
	);
	expect(times.length).toBeGreaterThan(150);
	expect(times.length).toBeLessThan(250);
	expect(times.every((time) => time < 2000)).toBe(true);
});

test("burstiness 1 is a Poisson process: gaps scatter as much as they last on average", () => {
	const { mean, std } = summarize(
		gaps(
			planArrivals(
				{ requests: 20_000, requestRate: 50, burstiness: 1 },
				createRandomSource(1),
			),
		),
	);
	expect(mean).toBeCloseTo(20, 0);
	expect(std / mean).toBeGreaterThan(0.97);
	expect(std / mean).toBeLessThan(1.03);
});

test("low burstiness comes in bursts, high burstiness comes evenly, at the same rate", () => {
	const scatter = (burstiness: number) => {
		const { mean, std } = summarize(
			gaps(
				planArrivals(
					{ requests: 20_000, requestRate: 50, burstiness },
					createRandomSource(1),
				),
			),
		);
		expect(mean).toBeCloseTo(20, 0);
		return std / mean;
	};
	expect(scatter(0.25)).toBeCloseTo(2, 1);
	expect(scatter(16)).toBeCloseTo(0.25, 1);
});

test("gamma numbers have mean shape x scale and variance shape x scale squared", () => {
	for (const shape of [0.5, 1, 3.5]) {
		const random = createRandomSource(3);
		const { mean, std } = summarize(
			Array.from({ length: 50_000 }, () => nextGamma(random, shape, 2)),
		);
		expect(mean / (shape * 2)).toBeCloseTo(1, 1);
		expect(std ** 2 / (shape * 4)).toBeCloseTo(1, 1);
	}
});
