import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	compareRow,
	describeRow,
	likeliestTokens,
	logSumExp,
} from "./divergence.ts";

const rows = (length = 40) =>
	fc
		.array(fc.float({ min: -30, max: 30, noNaN: true }), {
			minLength: length,
			maxLength: length,
		})
		.map((values) => Float32Array.from(values));

/** The definition, in the plainest way. */
function softmax(logits: Float32Array): number[] {
	const weights = Array.from(logits, (logit) => Math.exp(logit));
	const sum = weights.reduce((total, weight) => total + weight, 0);
	return weights.map((weight) => weight / sum);
}

function plainKl(reference: Float32Array, logits: Float32Array): number {
	const [p, q] = [softmax(reference), softmax(logits)];
	return p.reduce(
		(sum, probability, token) =>
			probability === 0
				? sum
				: sum + probability * Math.log(probability / (q[token] as number)),
		0,
	);
}

describe("logSumExp", () => {
	it("is the logarithm of the sum, also where the sum would overflow", () => {
		expect(logSumExp(Float32Array.of(0, 0, 0, 0))).toBeCloseTo(Math.log(4), 12);
		expect(logSumExp(Float32Array.of(1000, 1000))).toBeCloseTo(
			1000 + Math.log(2),
			10,
		);
	});
});

describe("likeliestTokens", () => {
	it("finds the same tokens as sorting does, the likeliest first", () => {
		fc.assert(
			fc.property(rows(), fc.integer({ min: 1, max: 50 }), (logits, count) => {
				const found = likeliestTokens(
					logits,
					count,
					new Float32Array(logits.length),
				);
				const sorted = [...logits]
					.map((logit, token) => ({ logit, token }))
					.sort((a, b) => b.logit - a.logit || a.token - b.token);
				expect(found).toHaveLength(Math.min(count, logits.length));
				expect(found[0]).toBe(sorted[0]?.token);
				expect(new Set(found).size).toBe(found.length);
				const values = Array.from(found, (token) => logits[token] as number);
				expect(values.sort((a, b) => b - a)).toEqual(
					sorted.slice(0, found.length).map(({ logit }) => logit),
				);
			}),
		);
	});
});

describe("compareRow", () => {
	it("gives exactly 0 for a model and itself, whatever is kept of it", () => {
		fc.assert(
			fc.property(rows(), fc.integer({ min: 1, max: 40 }), (logits, kept) => {
				const { kl, hasSameTop } = compareRow(
					describeRow(logits, 3, kept),
					logits,
					3,
				);
				expect(kl).toBe(0);
				expect(hasSameTop).toBe(true);
			}),
		);
	});

	it("is the Kullback-Leibler divergence when all tokens are kept", () => {
		fc.assert(
			fc.property(rows(), rows(), (reference, logits) => {
				const { kl } = compareRow(describeRow(reference, 0, 40), logits, 0);
				const plain = plainKl(reference, logits);
				expect(Math.abs(kl - plain)).toBeLessThan(1e-4 * (1 + plain));
			}),
		);
	});

	it("never claims more divergence than there is when few tokens are kept", () => {
		fc.assert(
			fc.property(
				rows(),
				rows(),
				fc.integer({ min: 1, max: 39 }),
				(reference, logits, kept) => {
					const { kl } = compareRow(describeRow(reference, 0, kept), logits, 0);
					expect(kl).toBeGreaterThanOrEqual(0);
					expect(kl).toBeLessThanOrEqual(plainKl(reference, logits) + 1e-3);
				},
			),
		);
	});

	it("is positive for models that differ, and sees another likeliest token", () => {
		const reference = Float32Array.of(2, 1, 0);
		const other = Float32Array.of(1, 2, 0);
		const { kl, hasSameTop } = compareRow(
			describeRow(reference, 0, 3),
			other,
			0,
		);
		expect(kl).toBeGreaterThan(0.1);
		expect(hasSameTop).toBe(false);
	});

	it("tells the surprise of the token that really follows", () => {
		const logits = Float32Array.of(0, 0, 0, 0);
		expect(describeRow(logits, 2, 1).surprise).toBeCloseTo(Math.log(4), 6);
	});
});
