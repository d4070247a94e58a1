import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planLanes } from "./lane-plan.ts";

const MiB = 1024 ** 2;
const free = 16_384 * MiB;

describe("lanes of an encoder", () => {
	test("a small model has one for each thread, a large one does all in one", () => {
		const lanesOf = (sizeBytes: number, threads: number) =>
			planLanes({ sizeBytes, threads, availableBytes: free }).lanes;
		expect(lanesOf(6 * MiB, 2)).toBe(2);
		expect(lanesOf(6 * MiB, 8)).toBe(8);
		expect(lanesOf(6 * MiB, 1)).toBe(1);
		expect(lanesOf(34 * MiB, 4)).toBe(2);
		expect(lanesOf(500 * MiB, 16)).toBe(1);
	});

	test("no more memory than there is for it, and no more threads than were given", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 4096 }),
				fc.integer({ min: 1, max: 256 }),
				fc.integer({ min: 64, max: 65_536 }),
				(size, threads, available) => {
					const { lanes, extraBytes } = planLanes({
						sizeBytes: size * MiB,
						threads,
						availableBytes: available * MiB,
					});
					expect(lanes).toBeGreaterThanOrEqual(1);
					expect(lanes).toBeLessThanOrEqual(threads);
					expect(extraBytes).toBeLessThanOrEqual(
						Math.min(256, available / 8) * MiB,
					);
				},
			),
		);
	});
});
