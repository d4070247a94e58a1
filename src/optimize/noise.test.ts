import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Noise, relativeSpread } from "./noise.ts";

describe("noise", () => {
	it("begins with a guess and learns from repeats", () => {
		const noise = new Noise();
		const guess = noise.threshold(2, 2);
		for (let index = 0; index < 20; index++) noise.learn([100, 100.1, 99.9]);
		expect(noise.threshold(2, 2)).toBeLessThan(guess);
		expect(noise.threshold(2, 2)).toBe(0.02);
		for (let index = 0; index < 50; index++) noise.learn([80, 100, 120]);
		expect(noise.threshold(2, 2)).toBeGreaterThan(guess);
	});

	it("asks for less of a gain the more runs there are, and never accepts one without runs", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 9 }),
				fc.integer({ min: 1, max: 9 }),
				(left, right) => {
					const noise = new Noise();
					noise.learn([90, 110]);
					expect(noise.threshold(left + 1, right)).toBeLessThanOrEqual(
						noise.threshold(left, right),
					);
					expect(noise.threshold(0, right)).toBe(Number.POSITIVE_INFINITY);
				},
			),
		);
	});

	it("believes little while other programs compute", () => {
		const noise = new Noise();
		noise.hearForeignShare(0.04);
		const calm = noise.threshold(3, 3);
		for (let index = 0; index < 5; index++) noise.hearForeignShare(0.5);
		expect(noise.threshold(3, 3)).toBeGreaterThan(5 * calm);
	});

	it("tells the spread of runs as a share", () => {
		expect(relativeSpread([100, 110, 90])).toBeCloseTo(0.1, 9);
		expect(relativeSpread([100])).toBe(0);
	});
});
