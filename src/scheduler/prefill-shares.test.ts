import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prefillShares } from "./prefill-shares.ts";

const sum = (values: readonly number[]) =>
	values.reduce((total, value) => total + value, 0);

describe("prefillShares", () => {
	test("a short prompt is not stuck behind a long one", () => {
		expect(prefillShares([400, 30, 300], 100)).toEqual([70, 30, 0]);
		expect(prefillShares([4000, 80], 100)).toEqual([50, 50]);
	});

	test("prompts of equal length are computed one after the other", () => {
		expect(prefillShares([500, 500, 500], 100)).toEqual([100, 0, 0]);
	});

	test("nothing is shared when there is no budget", () => {
		expect(prefillShares([5, 5], 0)).toEqual([0, 0]);
		expect(prefillShares([5, 5], -4)).toEqual([0, 0]);
	});

	test("property: nothing is left over, nobody gets more than wanted, the oldest gets half, and so does the shortest", () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 }),
				fc.integer({ min: 0, max: 4096 }),
				(wants, budget) => {
					const shares = prefillShares(wants, budget);
					expect(sum(shares)).toBe(Math.min(budget, sum(wants)));
					shares.forEach((share, index) => {
						expect(share).toBeLessThanOrEqual(wants[index] as number);
					});
					if (wants.length === 0) return;
					const oldest = wants[0] as number;
					expect(shares[0]).toBeGreaterThanOrEqual(
						Math.min(oldest, Math.floor(budget / 2)),
					);
					const least = Math.min(...wants);
					expect(shares[wants.indexOf(least)]).toBeGreaterThanOrEqual(
						Math.min(least, Math.ceil(budget / 2)),
					);
				},
			),
		);
	});
});
