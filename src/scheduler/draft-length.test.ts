import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandomSource } from "../benchmark/random-source.ts";
import {
	DraftLength,
	type DraftPrice,
	planDrafts,
	verifyDraft,
} from "./draft-length.ts";
import { PromptLookup } from "./prompt-lookup.ts";

function price(more: Partial<DraftPrice> = {}): DraftPrice {
	return {
		baseSeconds: 0.02,
		addedSeconds: (tokens) => 0.002 * tokens,
		decodingSequences: 1,
		mostTokens: 64,
		...more,
	};
}

/** A language model over a tiny vocabulary: the next token's probabilities depend on the last two tokens. */
function randomModel(vocabulary: number, seed: number, sharpness: number) {
	const random = createRandomSource(seed);
	const table = Array.from({ length: vocabulary ** 2 }, () => {
		const weights = Array.from(
			{ length: vocabulary },
			() => random.next() ** sharpness,
		);
		const sum = weights.reduce((total, weight) => total + weight, 0);
		return weights.map((weight) => weight / sum);
	});
	return (context: readonly number[]): readonly number[] =>
		table[
			(context.at(-2) ?? 0) * vocabulary + (context.at(-1) ?? 0)
		] as readonly number[];
}

type Model = ReturnType<typeof randomModel>;

function draw(probabilities: readonly number[], uniform: number): number {
	let sum = 0;
	for (const [token, probability] of probabilities.entries()) {
		sum += probability;
		if (uniform < sum) return token;
	}
	return probabilities.length - 1;
}

const greedy = (probabilities: readonly number[]) =>
	probabilities.indexOf(Math.max(...probabilities));

/** Generates in steps. The logits of a draft's position assume the draft's tokens before it, as an engine computes them. */
function generate(
	model: Model,
	tokens: number,
	propose: (text: readonly number[]) => ArrayLike<number>,
	choose: (probabilities: readonly number[]) => number,
): { text: number[]; steps: number } {
	const text = [0, 1];
	let steps = 0;
	while (text.length < tokens + 2) {
		const draft = propose(text);
		const computed = Array.from({ length: draft.length + 1 }, (_, index) =>
			model([...text.slice(-2), ...Array.from(draft).slice(0, index)]),
		);
		text.push(
			...verifyDraft(draft, (index) =>
				choose(computed[index] as readonly number[]),
			),
		);
		steps++;
	}
	return { text: text.slice(2, tokens + 2), steps };
}

function lookupDrafts(most: number) {
	const lookup = new PromptLookup({ minMatch: 1, maxMatch: 4 });
	return (text: readonly number[]) => {
		lookup.sync(Int32Array.from(text), text.length);
		return lookup.propose(most);
	};
}

describe("verifyDraft", () => {
	test("emits what agrees and the first token that doesn't, and samples no further", () => {
		const truth = [4, 5, 6, 7];
		const sampled: number[] = [];
		const emitted = verifyDraft([4, 5, 9, 7], (index) => {
			sampled.push(index);
			return truth[index] as number;
		});
		expect(emitted).toEqual([4, 5, 6]);
		expect(sampled).toEqual([0, 1, 2]);
	});

	test("a draft that is right yields one token more than it has; no draft yields one", () => {
		expect(verifyDraft([1, 2], (index) => index + 1)).toEqual([1, 2, 3]);
		expect(verifyDraft([], () => 8)).toEqual([8]);
	});

	test("nothing is sampled behind a token that ends the sequence", () => {
		const emitted = verifyDraft(
			[1, 2, 3],
			(index) => index + 1,
			(token) => token === 2,
		);
		expect(emitted).toEqual([1, 2]);
	});

	test("property: with the same random numbers the text is the same, whatever is drafted", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 2, max: 6 }),
				fc.nat(1e6),
				fc.nat(1e6),
				fc.nat(6),
				fc.boolean(),
				(vocabulary, modelSeed, seed, most, isLookup) => {
					const model = randomModel(vocabulary, modelSeed, 3);
					const drafter = createRandomSource(seed + 1);
					const anything = () =>
						Array.from({ length: drafter.between(0, most) }, () =>
							drafter.between(0, vocabulary - 1),
						);
					const run = (
						propose: (text: readonly number[]) => ArrayLike<number>,
					) => {
						const random = createRandomSource(seed);
						return generate(model, 120, propose, (probabilities) =>
							draw(probabilities, random.next()),
						).text;
					};
					expect(run(isLookup ? lookupDrafts(most) : anything)).toEqual(
						run(() => []),
					);
				},
			),
			{ numRuns: 60 },
		);
	});

	test("property: greedy text is the same with drafts, in fewer steps where text repeats", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 2, max: 6 }),
				fc.nat(1e6),
				(vocabulary, seed) => {
					const model = randomModel(vocabulary, seed, 1);
					const plain = generate(model, 150, () => [], greedy);
					const drafted = generate(model, 150, lookupDrafts(6), greedy);
					expect(drafted.text).toEqual(plain.text);
					// Greedy text of so small a model soon runs in circles.
					expect(drafted.steps).toBeLessThan(plain.steps / 2);
				},
			),
			{ numRuns: 30 },
		);
	});

	test("with sampling, tokens after each context are as frequent as the model says, drafts or not", () => {
		const vocabulary = 4;
		const model = randomModel(vocabulary, 11, 2);
		for (const most of [0, 5]) {
			const random = createRandomSource(100 + most);
			const { text } = generate(
				model,
				40_000,
				most === 0 ? () => [] : shortMemory(most),
				(probabilities) => draw(probabilities, random.next()),
			);
			// Pearson's statistic; each context adds vocabulary - 1 degrees of freedom.
			const counts = new Map<number, number[]>();
			for (let i = 2; i < text.length; i++) {
				const context =
					(text[i - 2] as number) * vocabulary + (text[i - 1] as number);
				const row =
					counts.get(context) ?? new Array<number>(vocabulary).fill(0);
				row[text[i] as number] = (row[text[i] as number] ?? 0) + 1;
				counts.set(context, row);
			}
			let statistic = 0;
			for (const [context, row] of counts) {
				const seen = row.reduce((sum, count) => sum + count, 0);
				model([Math.floor(context / vocabulary), context % vocabulary]).forEach(
					(probability, token) => {
						const expected = seen * probability;
						statistic += ((row[token] ?? 0) - expected) ** 2 / expected;
					},
				);
			}
			const degrees = counts.size * (vocabulary - 1);
			expect(statistic).toBeLessThan(degrees + 4 * Math.sqrt(2 * degrees));
		}
	});
});

/** Proposes what followed the last token when it last occurred, from the last 30 tokens: cheap enough for long texts. */
function shortMemory(most: number) {
	return (text: readonly number[]) => {
		const recent = text.slice(-30);
		const before = recent.lastIndexOf(recent.at(-1) ?? 0, -2);
		return before === -1 ? [] : recent.slice(before + 1, before + 1 + most);
	};
}

describe("planDrafts", () => {
	test("one stream that copies drafts long, one that guesses badly not at all", () => {
		expect(
			planDrafts([{ acceptance: 0.95, most: 16 }], price())[0],
		).toBeGreaterThan(6);
		expect(planDrafts([{ acceptance: 0.08, most: 16 }], price())).toEqual([0]);
	});

	test("the dearer a token, the shorter the draft", () => {
		const lengths = [0.0005, 0.002, 0.006, 0.012, 0.03].map(
			(each) =>
				planDrafts(
					[{ acceptance: 0.85, most: 16 }],
					price({ addedSeconds: (tokens) => each * tokens }),
				)[0] ?? 0,
		);
		expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
		expect(lengths[0]).toBeGreaterThan(8);
		expect(lengths.at(-1)).toBe(0);
	});

	test("one sequence's draft must pay for everybody who waits for the longer step", () => {
		const chance = [{ acceptance: 0.6, most: 8 }];
		expect(planDrafts(chance, price())[0]).toBeGreaterThan(0);
		expect(planDrafts(chance, price({ decodingSequences: 16 }))).toEqual([0]);
	});

	test("the surer sequence gets the longer draft, within the step's room", () => {
		const chances = [
			{ acceptance: 0.5, most: 8 },
			{ acceptance: 0.9, most: 8 },
		];
		const [unsure = 0, sure = 0] = planDrafts(
			chances,
			price({ decodingSequences: 2, mostTokens: 5 }),
		);
		expect(sure).toBeGreaterThan(unsure);
		expect(sure + unsure).toBeLessThanOrEqual(5);
	});

	test("a price that jumps first and is flat then is seen through", () => {
		const lengths = planDrafts(
			[{ acceptance: 0.9, most: 10 }],
			price({ addedSeconds: () => 0.02 }),
		);
		expect(lengths).toEqual([10]);
	});

	test("property: no other plan promises more than the worthwhile gain above the chosen one", () => {
		const chance = fc.record({
			acceptance: fc.double({ min: 0, max: 1, noNaN: true }),
			most: fc.nat(4),
		});
		fc.assert(
			fc.property(
				fc.array(chance, { minLength: 1, maxLength: 3 }),
				fc.nat(4),
				fc.array(fc.double({ min: 0, max: 0.01, noNaN: true }), {
					minLength: 12,
					maxLength: 12,
				}),
				fc.nat(12),
				(chances, others, steps, mostTokens) => {
					const decodingSequences = chances.length + others;
					const addedSeconds = (tokens: number) =>
						steps.slice(0, tokens).reduce((sum, step) => sum + step, 0);
					const rate = (lengths: readonly number[]) => {
						const tokens = lengths.reduce((sum, length, index) => {
							const p = chances[index]?.acceptance ?? 0;
							for (let j = 1; j <= length; j++) sum += p ** j;
							return sum;
						}, decodingSequences);
						const drafted = lengths.reduce((sum, length) => sum + length, 0);
						return tokens / (0.02 + addedSeconds(drafted));
					};
					const plan = planDrafts(
						chances,
						price({ decodingSequences, addedSeconds, mostTokens }),
					);
					const chosen = rate(plan);
					const isIdle = plan.every((length) => length === 0);
					const total = plan.reduce((sum, length) => sum + length, 0);
					expect(total).toBeLessThanOrEqual(mostTokens);
					const visit = (lengths: number[]) => {
						if (lengths.length < chances.length) {
							const most = chances[lengths.length]?.most ?? 0;
							for (let k = 0; k <= most; k++) visit([...lengths, k]);
							return;
						}
						if (lengths.reduce((sum, length) => sum + length, 0) > mostTokens)
							return;
						expect(rate(lengths)).toBeLessThanOrEqual(
							chosen * (isIdle ? 1.05 : 1) * (1 + 1e-9),
						);
					};
					visit([]);
				},
			),
			{ numRuns: 100 },
		);
	});
});

describe("DraftLength", () => {
	test("without history it tries three tokens, hoping more after a longer match", () => {
		const draft = new DraftLength();
		expect(draft.consider(3).most).toBe(3);
		expect(draft.consider(8).acceptance).toBeGreaterThan(
			draft.consider(3).acceptance,
		);
		expect(draft.consider(0).most).toBe(0);
	});

	test("drafts that succeed become longer and surer", () => {
		const draft = new DraftLength();
		const limits: number[] = [];
		for (let step = 0; step < 5; step++) {
			const { most } = draft.consider(4);
			limits.push(most);
			draft.observe(most, most);
		}
		expect(limits).toEqual([3, 6, 12, 24, 32]);
		expect(draft.consider(4).acceptance).toBeGreaterThan(0.9);
	});

	test("one failure lowers the hope; from the second in a row on it pauses, each time for twice as long", () => {
		const draft = new DraftLength();
		const draftedAt: number[] = [];
		for (let step = 0; step < 400; step++) {
			const { most } = draft.consider(4);
			if (most > 0) draftedAt.push(step);
			draft.observe(most, 0);
		}
		const gaps = draftedAt
			.slice(1)
			.map((step, i) => step - (draftedAt[i] ?? 0));
		expect(gaps.slice(0, 9)).toEqual([1, 3, 5, 9, 17, 33, 65, 65, 65]);
	});

	test("a probe is two tokens, and its success wipes out the failures before it", () => {
		const draft = new DraftLength();
		for (let step = 0; step < 30; step++) {
			const { most } = draft.consider(4);
			if (step < 25 || most === 0) draft.observe(most, 0);
			else {
				expect(most).toBe(2);
				draft.observe(most, most);
				break;
			}
		}
		while (draft.consider(4).most === 0) draft.observe(0, 0);
		const probe = draft.consider(4);
		draft.observe(probe.most, probe.most);
		expect(draft.consider(4).most).toBe(3);
		expect(draft.consider(4).acceptance).toBeGreaterThan(0.8);
	});

	test("a sequence for which drafting did not pay is probed after 16 steps without a draft", () => {
		const draft = new DraftLength();
		draft.observe(3, 1);
		draft.observe(3, 0);
		const hope = draft.consider(4).acceptance;
		for (let step = 0; step < 15; step++) draft.observe(0, 0);
		expect(draft.consider(4)).toEqual({ acceptance: hope, most: 3 });
		draft.observe(0, 0);
		expect(draft.consider(4)).toEqual({ acceptance: 0.7, most: 2 });
	});

	test("a good record outlives a stretch without anything to copy", () => {
		const draft = new DraftLength();
		for (let step = 0; step < 3; step++) {
			const { most } = draft.consider(4);
			draft.observe(most, most);
		}
		const before = draft.consider(4);
		for (let step = 0; step < 100; step++) draft.observe(0, 0);
		expect(draft.consider(4)).toEqual(before);
		expect(before.most).toBe(24);
	});

	test("a copy that begins late is noticed, and text that never repeats costs next to nothing", () => {
		const draft = new DraftLength();
		const perStep = (step: number): number => {
			const [length = 0] = planDrafts([draft.consider(5)], price());
			const accepted = step < 300 ? 0 : length;
			draft.observe(length, accepted);
			return length;
		};
		let wasted = 0;
		for (let step = 0; step < 300; step++) wasted += perStep(step);
		expect(wasted).toBeLessThan(30);
		let gained = 0;
		for (let step = 300; step < 400; step++) gained += perStep(step);
		expect(gained).toBeGreaterThan(300);
	});

	test("a full batch drafts nothing, not even probes", () => {
		const draft = new DraftLength();
		draft.observe(3, 0);
		for (let step = 0; step < 100; step++) {
			const [length] = planDrafts(
				[draft.consider(8)],
				price({ decodingSequences: 32 }),
			);
			expect(length).toBe(0);
			draft.observe(0, 0);
		}
	});

	test("property: whatever happened, chances are probabilities and lengths stay within bounds", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat(12), fc.nat(32)), { maxLength: 200 }),
				(steps) => {
					const draft = new DraftLength();
					for (const [match, right] of steps) {
						const { acceptance, most } = draft.consider(match);
						expect(acceptance).toBeGreaterThanOrEqual(0);
						expect(acceptance).toBeLessThanOrEqual(1);
						expect(most).toBeGreaterThanOrEqual(0);
						expect(most).toBeLessThanOrEqual(32);
						draft.observe(most, Math.min(most, right));
					}
				},
			),
		);
	});
});
