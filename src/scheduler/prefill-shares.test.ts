import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prefillShares } from "./prefill-shares.ts";

const sum = (values: readonly number[]) =>
	values.reduce((total, value) => total + value, 0);

describe("prefillShares", () => {
	test("what short prompts leave goes to the long ones", () => {
		expect(prefillShares([10, 80, 80], 100, 0)).toEqual([10, 45, 45]);
	});

	test("with fewer tokens than sequences the turn rotates", () => {
		expect(prefillShares([5, 5, 5], 1, 0)).toEqual([1, 0, 0]);
		expect(prefillShares([5, 5, 5], 1, 1)).toEqual([0, 1, 0]);
		expect(prefillShares([5, 5, 5], 2, 2)).toEqual([1, 0, 1]);
	});

	test("nothing is shared when there is no budget", () => {
		expect(prefillShares([5, 5], 0, 3)).toEqual([0, 0]);
		expect(prefillShares([5, 5], -4, 3)).toEqual([0, 0]);
	});

	test("property: work-conserving, never more than wanted, max-min fair", () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 }),
				fc.integer({ min: 0, max: 4096 }),
				fc.nat(1000),
				(wants, budget, first) => {
					const shares = prefillShares(wants, budget, first);
					expect(sum(shares)).toBe(Math.min(budget, sum(wants)));
					shares.forEach((share, index) => {
						expect(share).toBeLessThanOrEqual(wants[index] as number);
						// Whoever did not get all it wanted has no less than anybody else, but for one odd token.
						if (share < (wants[index] as number))
							expect(share).toBeGreaterThanOrEqual(Math.max(...shares) - 1);
					});
				},
			),
		);
	});
});
