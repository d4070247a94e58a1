import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandomSource } from "../benchmark/random-source.ts";
import { PromptLookup } from "./prompt-lookup.ts";

function proposed(
	tokens: readonly number[],
	most: number,
	options = {},
): number[] {
	const lookup = new PromptLookup(options);
	lookup.sync(Int32Array.from(tokens), tokens.length);
	return [...lookup.propose(most)];
}

/** The same rule in the plainest words: try every earlier position. */
function naive(
	tokens: readonly number[],
	most: number,
	minMatch: number,
	maxMatch: number,
): { proposal: number[]; matchLength: number } {
	const end = tokens.length;
	for (let length = maxMatch; length >= minMatch; length--) {
		for (let position = end - 1; position >= length; position--) {
			const agrees = Array.from(
				{ length },
				(_, i) => tokens[position - 1 - i] === tokens[end - 1 - i],
			).every(Boolean);
			if (!agrees) continue;
			const continued = [...tokens];
			for (let i = 0; i < most; i++)
				continued.push(continued[position + i] as number);
			return { proposal: continued.slice(end), matchLength: length };
		}
	}
	return { proposal: [], matchLength: 0 };
}

describe("PromptLookup", () => {
	test("proposes what followed the last tokens when they occurred before", () => {
		expect(proposed([1, 2, 3, 4, 5, 6, 9, 2, 3, 4], 2)).toEqual([5, 6]);
	});

	test("proposes nothing when the last three tokens are new, or there are no tokens", () => {
		expect(proposed([1, 2, 3, 4, 5, 6, 9, 3, 4], 2)).toEqual([]);
		expect(proposed([], 4)).toEqual([]);
		expect(proposed([7, 7, 7], 4)).toEqual([]);
		expect(proposed([1, 2, 3, 4, 1, 2, 3], 0)).toEqual([]);
	});

	test("a longer repetition beats a later one; of equals the later wins", () => {
		const both = [5, 1, 2, 3, 40, 6, 1, 2, 3, 50, 5, 1, 2, 3];
		expect(proposed(both, 1)).toEqual([40]);
		const equals = [8, 1, 2, 3, 40, 9, 1, 2, 3, 50, 5, 1, 2, 3];
		expect(proposed(equals, 1)).toEqual([50]);
	});

	test("a loop at the end is continued beyond its own length", () => {
		expect(proposed([9, 1, 2, 1, 2, 1, 2], 5)).toEqual([1, 2, 1, 2, 1]);
		expect(proposed([4, 4, 4, 4], 3)).toEqual([4, 4, 4]);
	});

	test("matchLength says how many tokens agree, up to maxMatch", () => {
		const lookup = new PromptLookup({ maxMatch: 5 });
		const tokens = Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]);
		lookup.sync(tokens, 10);
		expect(lookup.matchLength).toBe(0);
		lookup.sync(tokens, 12);
		expect(lookup.matchLength).toBe(4);
		const longer = Int32Array.from([...tokens, 5, 6]);
		lookup.sync(longer, longer.length);
		expect(lookup.matchLength).toBe(5);
		expect([...lookup.propose(2)]).toEqual([7, 8]);
	});

	test("one search looks at no more than maxCandidates earlier occurrences", () => {
		// The best one lies behind two worse ones.
		const tokens = [5, 1, 2, 3, 40, 6, 1, 2, 3, 50, 7, 1, 2, 3, 60, 5, 1, 2, 3];
		expect(proposed(tokens, 1, { maxCandidates: 3 })).toEqual([40]);
		expect(proposed(tokens, 1, { maxCandidates: 2 })).toEqual([60]);
	});

	test("a shorter length begins anew", () => {
		const lookup = new PromptLookup();
		lookup.sync(Int32Array.from([1, 2, 3, 4, 1, 2, 3]), 7);
		expect([...lookup.propose(1)]).toEqual([4]);
		lookup.sync(Int32Array.from([9, 8, 7, 6, 9]), 5);
		expect([...lookup.propose(1)]).toEqual([]);
		lookup.sync(Int32Array.from([9, 8, 7, 6, 9, 8, 7]), 7);
		expect([...lookup.propose(1)]).toEqual([6]);
	});

	test("finds its way in 100,000 tokens that were appended one by one to an array that grows", () => {
		const random = createRandomSource(1);
		const lookup = new PromptLookup();
		let tokens = new Int32Array(64);
		for (let length = 0; length < 100_000; length++) {
			if (length === tokens.length) {
				const larger = new Int32Array(2 * length);
				larger.set(tokens);
				tokens = larger;
			}
			tokens[length] = random.between(0, 30_000);
			lookup.sync(tokens, length + 1);
		}
		const copied = Int32Array.from([
			...tokens.subarray(0, 100_000),
			...tokens.subarray(500, 510),
		]);
		lookup.sync(copied, copied.length);
		expect([...lookup.propose(8)]).toEqual([...copied.subarray(510, 518)]);
	});

	test("property: agrees with trying every earlier position, however the tokens arrive", () => {
		const sequence = fc
			.integer({ min: 1, max: 4 })
			.chain((vocabulary) =>
				fc.array(fc.nat(vocabulary), { minLength: 0, maxLength: 400 }),
			);
		fc.assert(
			fc.property(
				sequence,
				fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
				fc.integer({ min: 1, max: 4 }),
				fc.integer({ min: 0, max: 5 }),
				fc.nat(12),
				(tokens, portions, minMatch, longer, most) => {
					const maxMatch = minMatch + longer;
					const lookup = new PromptLookup({
						minMatch,
						maxMatch,
						maxCandidates: Number.POSITIVE_INFINITY,
					});
					let length = 0;
					for (const portion of [...portions, tokens.length]) {
						length = Math.min(tokens.length, length + portion);
						const known = tokens.slice(0, length);
						// Room at the end that is not part of the sequence, as in an array that grows by doubling.
						lookup.sync(Int32Array.from([...known, -1, -1, -1]), length);
						const expected = naive(known, most, minMatch, maxMatch);
						expect(lookup.matchLength).toBe(expected.matchLength);
						expect([...lookup.propose(most)]).toEqual(expected.proposal);
					}
				},
			),
			{ numRuns: 150 },
		);
	});
});
