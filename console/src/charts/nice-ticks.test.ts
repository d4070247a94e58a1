import fc from "fast-check";
import { expect, test } from "vitest";
import { niceTicks } from "./nice-ticks.ts";

test("ticks begin at 0, rise evenly, cover the highest value and stay few", () => {
	fc.assert(
		fc.property(
			fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
			fc.integer({ min: 2, max: 10 }),
			(highest, count) => {
				const ticks = niceTicks(highest, count);
				expect(ticks[0]).toBe(0);
				expect(ticks.at(-1)).toBeGreaterThanOrEqual(highest * (1 - 1e-6));
				expect(ticks.length).toBeLessThanOrEqual(count + 2);
			},
		),
	);
});
