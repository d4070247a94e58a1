import fc from "fast-check";
import { expect, test } from "vitest";
import { median, percentile, describe as summarize } from "./statistics.ts";

test("percentiles interpolate linearly between neighbours, as numpy's do", () => {
	const values = [15, 20, 35, 40, 50];
	expect(percentile(values, 0)).toBe(15);
	expect(percentile(values, 40)).toBeCloseTo(29, 10);
	expect(percentile(values, 99)).toBeCloseTo(49.6, 10);
	expect(percentile(values, 100)).toBe(50);
});

test("mean and standard deviation are those of the whole list", () => {
	const { mean, std, count, min, max } = summarize([2, 4, 4, 4, 5, 5, 7, 9]);
	expect({ mean, std, count, min, max }).toEqual({
		mean: 5,
		std: 2,
		count: 8,
		min: 2,
		max: 9,
	});
});

test("an empty list has a count of 0 and no NaN anywhere", () => {
	expect(Object.values(summarize([]))).toEqual(Array(10).fill(0));
});

test("the median of an even number of values is the middle of the two in the middle", () => {
	expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("percentiles ascend, stay between the extremes and do not depend on order", () => {
	fc.assert(
		fc.property(
			fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
			(values) => {
				const { min, p50, p90, p95, p99, max } = summarize(values);
				const ladder = [min, p50, p90, p95, p99, max];
				expect(ladder).toEqual([...ladder].sort((left, right) => left - right));
				expect(summarize([...values].reverse())).toEqual(summarize(values));
			},
		),
	);
});
