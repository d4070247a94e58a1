import { expect, test } from "vitest";
import { projectToPlane, similarityMatrix } from "./principal-components.ts";

test("vectors on a plane keep their distances, up to one scale", () => {
	// A plane in five dimensions: u and v are at right angles.
	const u = [1, 2, 0, -1, 1].map((value) => value / Math.sqrt(7));
	const v = [0, 0, 3, 0, 0].map((value) => value / 3);
	const flat = Array.from({ length: 40 }, (_, index) => [
		3 * Math.sin(index),
		Math.cos(index * 2.3),
	]);
	const points = projectToPlane(
		flat.map(([a = 0, b = 0]) =>
			u.map((value, index) => 5 + a * value + b * (v[index] ?? 0)),
		),
	);
	const distance = (list: number[][], one: number, other: number) =>
		Math.hypot(
			...(list[one] as number[]).map(
				(value, axis) => value - ((list[other] as number[])[axis] ?? 0),
			),
		);
	const scale = distance(points, 0, 7) / distance(flat, 0, 7);
	for (const [one, other] of [
		[1, 2],
		[3, 30],
		[12, 25],
	] as const)
		expect(distance(points, one, other)).toBeCloseTo(
			scale * distance(flat, one, other),
			4,
		);
	expect(Math.max(...points.flat().map(Math.abs))).toBeCloseTo(1);
});

test.each([
	{ vectors: [] },
	{ vectors: [[1, 2, 3]] },
	{
		vectors: [
			[1, 1],
			[1, 1],
		],
	},
	{ vectors: [[1], [2], [4]] },
])("$vectors has a map without gaps", ({ vectors }) => {
	const points = projectToPlane(vectors);
	expect(points).toHaveLength(vectors.length);
	expect(points.flat().every(Number.isFinite)).toBe(true);
});

test("similarity is 1 with itself, -1 with the opposite", () => {
	const [first] = similarityMatrix([
		[2, 0],
		[-3, 0],
		[0, 1],
		[0, 0],
	]);
	expect(first).toEqual([1, -1, 0, 0]);
});
