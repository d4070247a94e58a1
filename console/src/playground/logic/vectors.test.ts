import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	closestPairs,
	cosine,
	projectToPlane,
	similarityMatrix,
} from "./vectors.ts";

const vector = (length: number) =>
	fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
		minLength: length,
		maxLength: length,
	});

describe("similarity", () => {
	test("is 1 along, 0 across, -1 against", () => {
		expect(cosine([1, 2], [2, 4])).toBeCloseTo(1);
		expect(cosine([1, 0], [0, 1])).toBe(0);
		expect(cosine([1, 0], [-3, 0])).toBe(-1);
		expect(cosine([0, 0], [1, 1])).toBe(0);
	});

	test("the closest pairs come first", () => {
		const matrix = similarityMatrix([
			[1, 0],
			[0, 1],
			[1, 0.1],
		]);
		expect(
			closestPairs(matrix, 2).map(({ left, right }) => [left, right]),
		).toEqual([
			[0, 2],
			[1, 2],
		]);
	});
});

describe("the map", () => {
	test("of points in a plane keeps their distances and explains all", () => {
		const plane = [
			[0, 0, 0],
			[3, 0, 0],
			[0, 4, 0],
			[5, 5, 0],
		];
		const { points, explained } = projectToPlane(plane);
		for (const [i, left] of plane.entries())
			for (const [j, right] of plane.entries()) {
				const there = Math.hypot(...left.map((x, k) => x - (right[k] ?? 0)));
				const here = Math.hypot(
					(points[i]?.x ?? 0) - (points[j]?.x ?? 0),
					(points[i]?.y ?? 0) - (points[j]?.y ?? 0),
				);
				expect(here).toBeCloseTo(there, 8);
			}
		expect(explained[0] + explained[1]).toBeCloseTo(1, 10);
		expect(explained[0]).toBeGreaterThan(explained[1]);
	});

	test("of one text, or of equal ones, is a point", () => {
		expect(projectToPlane([]).points).toEqual([]);
		expect(projectToPlane([[1, 2, 3]]).points).toEqual([{ x: 0, y: 0 }]);
		const { points, explained } = projectToPlane([
			[1, 2],
			[1, 2],
			[1, 2],
		]);
		expect(points.every(({ x, y }) => x === 0 && y === 0)).toBe(true);
		expect(explained).toEqual([0, 0]);
	});

	test("never stretches: no two points are farther apart than their vectors, and the axes hold the most variance", () => {
		fc.assert(
			fc.property(
				fc.array(vector(6), { minLength: 2, maxLength: 9 }),
				(vectors) => {
					const { points, explained } = projectToPlane(vectors);
					for (const [i, left] of vectors.entries())
						for (const [j, right] of vectors.entries()) {
							const there = Math.hypot(
								...left.map((x, k) => x - (right[k] ?? 0)),
							);
							const here = Math.hypot(
								(points[i]?.x ?? 0) - (points[j]?.x ?? 0),
								(points[i]?.y ?? 0) - (points[j]?.y ?? 0),
							);
							expect(here).toBeLessThanOrEqual(there + 1e-6);
						}
					expect(explained[0]).toBeGreaterThanOrEqual(explained[1] - 1e-9);
					expect(explained[0] + explained[1]).toBeLessThanOrEqual(1 + 1e-9);
					// No single coordinate varies more than the first axis.
					const variance = (values: number[]) => {
						const mean = values.reduce((a, b) => a + b, 0) / values.length;
						return values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
					};
					const first = variance(points.map(({ x }) => x));
					for (let k = 0; k < 6; k++)
						expect(variance(vectors.map((v) => v[k] ?? 0))).toBeLessThanOrEqual(
							first * (1 + 1e-9) + 1e-6,
						);
				},
			),
			{ numRuns: 60 },
		);
	});
});
