import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prefillShares } from "./prefill-shares.ts";

const sum = (values: readonly number[]) =>
	values.reduce((total, value) => total + value, 0);

describe("prefillShares", () => {
	test("in every other step a short prompt is not stuck behind a long one, in those between the oldest comes first", () => {
		expect(prefillShares([400, 30, 300], 100, 0)).toEqual([70, 30, 0]);
		expect(prefillShares([400, 30, 300], 100, 1)).toEqual([100, 0, 0]);
		expect(prefillShares([4000, 180], 100, 2)).toEqual([0, 100]);
	});

	test("prompts of equal length are computed one after the other", () => {
		expect(prefillShares([500, 500, 500], 100, 0)).toEqual([100, 0, 0]);
	});

	test("nothing is shared when there is no budget", () => {
		expect(prefillShares([5, 5], 0, 0)).toEqual([0, 0]);
		expect(prefillShares([5, 5], -4, 1)).toEqual([0, 0]);
	});

	test("property: nothing is left over, nobody gets more than wanted, and whose turn it is gets all there is", () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 }),
				fc.integer({ min: 0, max: 4096 }),
				fc.nat(1),
				(wants, budget, step) => {
					const shares = prefillShares(wants, budget, step);
					expect(sum(shares)).toBe(Math.min(budget, sum(wants)));
					shares.forEach((share, index) => {
						expect(share).toBeLessThanOrEqual(wants[index] as number);
					});
					if (wants.length === 0) return;
					const favoured = step === 0 ? wants.indexOf(Math.min(...wants)) : 0;
					expect(shares[favoured]).toBe(
						Math.min(wants[favoured] as number, budget),
					);
				},
			),
		);
	});
});
