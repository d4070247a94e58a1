import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

const exact = { baseMs: 250, maxMs: 10_000, jitter: 0 };

test("doubles from the base up to the limit", () => {
	const delays = [1, 2, 3, 6, 7, 100].map((attempt) =>
		backoffDelayMs(attempt, exact, 0.9),
	);
	expect(delays).toEqual([250, 500, 1000, 8000, 10_000, 10_000]);
});

test("an attempt below 1 counts as the first", () => {
	expect(backoffDelayMs(0, exact, 0)).toBe(250);
	expect(backoffDelayMs(-3, exact, 0)).toBe(250);
});

test("jitter takes its share of the delay away", () => {
	const options = { baseMs: 100, maxMs: 1000, jitter: 0.5 };
	expect(backoffDelayMs(1, options, 0)).toBe(100);
	expect(backoffDelayMs(1, options, 0.5)).toBe(75);
});

test("stays between what jitter leaves and the limit, also after a thousand failures", () => {
	const attempts = fc.integer({ min: 1, max: 1000 });
	const draws = fc.double({ min: 0, max: 0.999, noNaN: true });
	const jitters = fc.double({ min: 0, max: 1, noNaN: true });
	fc.assert(
		fc.property(attempts, draws, jitters, (attempt, random, jitter) => {
			const full = backoffDelayMs(attempt, exact, 0);
			const delay = backoffDelayMs(attempt, { ...exact, jitter }, random);
			expect(full).toBeLessThanOrEqual(exact.maxMs);
			expect(delay).toBeLessThanOrEqual(full);
			expect(delay).toBeGreaterThanOrEqual(full * (1 - jitter));
		}),
	);
});
