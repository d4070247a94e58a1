import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logprobReport } from "./logprobs.ts";

const logitRow = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), {
	minLength: 1,
	maxLength: 200,
});

describe("logprobReport", () => {
	test("uniform logits give the logarithm of one over the vocabulary", () => {
		const report = logprobReport(new Float32Array(8), 3, 2);
		expect(report.logprob).toBeCloseTo(-Math.log(8), 6);
		expect([...report.topTokens]).toEqual([0, 1]);
	});

	test("large logits do not overflow", () => {
		expect(
			logprobReport(Float32Array.of(5000, 4990), 0, 0).logprob,
		).toBeCloseTo(-Math.log1p(Math.exp(-10)), 6);
	});

	test("property: the top tokens are those that a full sort gives, ties to the lower id", () => {
		fc.assert(
			fc.property(
				logitRow,
				fc.integer({ min: 0, max: 20 }),
				(values, count) => {
					const logits = Float32Array.from(values);
					const sorted = [...logits.keys()].sort(
						(a, b) => (logits[b] as number) - (logits[a] as number) || a - b,
					);
					expect([...logprobReport(logits, 0, count).topTokens]).toEqual(
						sorted.slice(0, count),
					);
				},
			),
		);
	});

	test("property: probabilities of all tokens add up to one", () => {
		fc.assert(
			fc.property(logitRow, (values) => {
				const logits = Float32Array.from(values);
				const total = values.reduce(
					(sum, _, token) =>
						sum + Math.exp(logprobReport(logits, token, 0).logprob),
					0,
				);
				expect(total).toBeCloseTo(1, 5);
			}),
		);
	});
});
