import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Candidates } from "./candidates.ts";
import { blockSize, boundBlocks, findBest } from "./logit-scans.ts";
import { createNegativeExpTable, negativeExp } from "./negative-exp.ts";
import { createRandomNumbers } from "./random-numbers.ts";

/** Logits as models make them and as nobody expects them: flat, steep, equal, banned. */
function logits(): fc.Arbitrary<Float32Array> {
	const value = fc.oneof(
		{ weight: 6, arbitrary: fc.double({ min: -30, max: 30, noNaN: true }) },
		{ weight: 2, arbitrary: fc.integer({ min: -2, max: 2 }) },
		{
			weight: 1,
			arbitrary: fc.constantFrom(Number.NEGATIVE_INFINITY, -1000, 0, -0),
		},
	);
	return fc
		.array(value, { minLength: 1, maxLength: 300 })
		.map((values) => Float32Array.from(values))
		.filter((values) =>
			values.some((entry) => entry > Number.NEGATIVE_INFINITY),
		);
}

/** So many that blocks and buckets matter. */
function manyLogits(): fc.Arbitrary<Float32Array> {
	const spread = fc.constantFrom(0.01, 0.7, 3, 12);
	return fc
		.tuple(logits(), spread, fc.integer({ min: 300, max: 5000 }), fc.nat())
		.map(([some, scale, length, seed]) => {
			const random = createRandomNumbers(seed);
			const all = Float32Array.from(
				{ length },
				() => scale * (random() + random() + random() + random() - 2),
			);
			all.set(
				some.subarray(0, length),
				seed % Math.max(1, length - some.length),
			);
			return all;
		});
}

/** Tokens by falling logit, then by number; banned ones left out. */
function ranking(all: Float32Array): number[] {
	return [...all.keys()]
		.filter((token) => (all[token] ?? 0) > Number.NEGATIVE_INFINITY)
		.sort((a, b) => (all[b] ?? 0) - (all[a] ?? 0) || a - b);
}

function masses(all: Float32Array, tokens: readonly number[]): number[] {
	const highest = Math.max(...all);
	return tokens.map((token) => Math.exp((all[token] ?? 0) - highest));
}

const sum = (values: readonly number[]): number =>
	values.reduce((total, value) => total + value, 0);

const taken = ({ tokens, count }: Candidates): number[] => [
	...tokens.subarray(0, count),
];

describe("Candidates", () => {
	it("finds the highest logit", () => {
		fc.assert(
			fc.property(logits(), (all) => {
				expect(findBest(all)).toBe(ranking(all)[0]);
			}),
		);
	});

	it("takes the k highest in falling order, with their logits", () => {
		fc.assert(
			fc.property(logits(), fc.integer({ min: 1, max: 320 }), (all, wanted) => {
				const candidates = new Candidates(all.length);
				candidates.takeHighest(all, wanted);
				const expected = ranking(all).slice(0, wanted);
				expect(taken(candidates)).toEqual(expected);
				expect(
					Array.from(
						candidates.logits.subarray(0, candidates.count),
						(logit) => logit + 0,
					),
				).toEqual(expected.map((token) => (all[token] ?? 0) + 0));
			}),
		);
	});

	it("takes the k highest of many", () => {
		fc.assert(
			fc.property(
				manyLogits(),
				fc.oneof(
					fc.integer({ min: 1, max: 40 }),
					fc.integer({ min: 1, max: 5000 }),
				),
				(all, wanted) => {
					const candidates = new Candidates(all.length);
					candidates.takeHighest(all, wanted);
					expect(taken(candidates)).toEqual(ranking(all).slice(0, wanted));
				},
			),
		);
	});

	it("takes exactly the tokens that reach a share of the probability, of many", () => {
		fc.assert(
			fc.property(
				manyLogits(),
				fc.double({ min: 0, max: 0.999, noNaN: true }),
				(all, share) => {
					const candidates = new Candidates(all.length);
					candidates.takeNucleus(all, share);
					expectNucleus(all, ranking(all), taken(candidates), share);
				},
			),
		);
	});

	it("takes exactly the tokens that reach a share of the probability", () => {
		fc.assert(
			fc.property(
				logits(),
				fc.double({ min: 0, max: 0.999, noNaN: true }),
				(all, share) => {
					const candidates = new Candidates(all.length);
					candidates.takeNucleus(all, share);
					expectNucleus(all, ranking(all), taken(candidates), share);
				},
			),
			{ numRuns: 500 },
		);
	});

	it("cuts the k highest by a share of their own probability", () => {
		fc.assert(
			fc.property(
				logits(),
				fc.integer({ min: 1, max: 50 }),
				fc.double({ min: 0, max: 0.999, noNaN: true }),
				(all, wanted, share) => {
					const candidates = new Candidates(all.length);
					candidates.takeHighest(all, wanted);
					candidates.keepNucleus(share);
					expectNucleus(
						all,
						ranking(all).slice(0, wanted),
						taken(candidates),
						share,
					);
				},
			),
		);
	});

	it("takes and keeps the tokens that are likely enough beside the best", () => {
		fc.assert(
			fc.property(
				logits(),
				fc.double({ min: 1e-6, max: 1, noNaN: true }),
				(all, share) => {
					const lowest = Math.max(...all) + Math.log(share);
					const isSure = (token: number): boolean =>
						Math.abs((all[token] ?? 0) - lowest) > 1e-6;
					const expected = ranking(all).filter(
						(token) => (all[token] ?? 0) >= lowest,
					);
					const candidates = new Candidates(all.length);
					candidates.takeLikely(all, share);
					expect(taken(candidates).filter(isSure).sort()).toEqual(
						expected.filter(isSure).sort(),
					);
					candidates.takeHighest(all, all.length);
					candidates.keepLikely(share);
					expect(taken(candidates).filter(isSure)).toEqual(
						expected.filter(isSure),
					);
				},
			),
		);
	});

	it("draws each candidate for its own part of the random numbers", () => {
		fc.assert(
			fc.property(
				logits(),
				fc.double({ min: 0.05, max: 5, noNaN: true }),
				(all, temperature) => {
					const candidates = new Candidates(all.length);
					candidates.takeHighest(all, all.length);
					const listed = taken(candidates);
					const weights = masses(
						all.map((logit) => logit / temperature),
						listed,
					);
					let before = 0;
					for (const [index, token] of listed.entries()) {
						const share = (weights[index] ?? 0) / sum(weights);
						const middle = before + share / 2;
						if (share > 1e-4)
							expect(candidates.draw(temperature, () => middle)).toBe(token);
						before += share;
					}
				},
			),
		);
	});

	it("draws from all tokens as often as their probabilities say", () => {
		const all = Float32Array.from(
			{ length: 150 },
			(_, token) => Math.sin(token * token) * 2 + (token % 64 === 5 ? 3 : 0),
		);
		for (const temperature of [0.5, 1, 3]) {
			const candidates = new Candidates(all.length);
			const random = createRandomNumbers(1);
			const drawn = new Uint32Array(all.length);
			const draws = 60_000;
			for (let draw = 0; draw < draws; draw++)
				(drawn[candidates.drawFromAll(all, temperature, random)] as number)++;
			const weights = masses(
				all.map((logit) => logit / temperature),
				[...all.keys()],
			);
			// Each count is off by six standard deviations in one of a billion runs; with this seed the result is always the same.
			for (const [token, count] of drawn.entries()) {
				const expected = (draws * (weights[token] ?? 0)) / sum(weights);
				expect(Math.abs(count - expected)).toBeLessThan(
					6 * Math.sqrt(expected) + 3,
				);
			}
		}
	});

	it("never draws a banned token, whatever the random number", () => {
		const all = new Float32Array(200).fill(Number.NEGATIVE_INFINITY);
		all[1] = 1;
		all[130] = 2;
		all[131] = Number.NaN;
		const candidates = new Candidates(all.length);
		const random = createRandomNumbers(2);
		for (let draw = 0; draw < 2000; draw++)
			expect([1, 130]).toContain(candidates.drawFromAll(all, 1, random));
		candidates.takeNucleus(all, 0.999);
		for (const number of [0, 0.5, 1 - 2 ** -53])
			expect([1, 130]).toContain(candidates.draw(1, () => number));
	});

	it("has nothing to take when no token is left", () => {
		const all = Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY);
		const candidates = new Candidates(2);
		expect(findBest(all)).toBe(-1);
		expect(candidates.drawFromAll(all, 1, () => 0.5)).toBe(-1);
		candidates.takeHighest(all, 1);
		expect(candidates.count).toBe(0);
		candidates.takeNucleus(all, 0.5);
		expect(candidates.count).toBe(0);
		candidates.takeLikely(all, 0.5);
		expect(candidates.count).toBe(0);
	});

	it("bounds every block from above, by less than a millionth", () => {
		fc.assert(
			fc.property(manyLogits(), (all) => {
				const bounds = new Float32Array(Math.ceil(all.length / blockSize));
				boundBlocks(all, bounds);
				for (const [block, bound] of bounds.entries()) {
					const highest = Math.max(
						...all.subarray(block * blockSize, (block + 1) * blockSize),
					);
					expect(bound).toBeGreaterThanOrEqual(highest);
					if (highest > Number.NEGATIVE_INFINITY)
						expect(bound - highest).toBeLessThanOrEqual(
							Math.abs(highest) * 1e-6 + 1e-30,
						);
				}
			}),
		);
	});
});

/** The border may fall either way when rounding decides it. */
function expectNucleus(
	all: Float32Array,
	ranked: readonly number[],
	actual: readonly number[],
	share: number,
): void {
	const wanted = share * sum(masses(all, ranked));
	const expectedCount = actual.length;
	expect(actual.toSorted((a, b) => a - b)).toEqual(
		ranked.slice(0, expectedCount).toSorted((a, b) => a - b),
	);
	const reached = masses(all, ranked.slice(0, expectedCount));
	expect(sum(reached)).toBeGreaterThanOrEqual(wanted * (1 - 1e-6));
	expect(sum(reached.slice(0, -1))).toBeLessThanOrEqual(wanted * (1 + 1e-6));
}

describe("negativeExp", () => {
	it("is exp of the negative number, to 2e-8", () => {
		const table = createNegativeExpTable();
		fc.assert(
			fc.property(fc.double({ min: 0, max: 31.99, noNaN: true }), (x) => {
				expect(Math.abs(negativeExp(table, x) / Math.exp(-x) - 1)).toBeLessThan(
					2e-8,
				);
			}),
		);
	});

	it("is 0 far away and for what is no number", () => {
		const table = createNegativeExpTable();
		expect(
			[32, 1e9, Number.POSITIVE_INFINITY, Number.NaN].map((x) =>
				negativeExp(table, x),
			),
		).toEqual([0, 0, 0, 0]);
	});
});
