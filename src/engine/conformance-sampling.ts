import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import {
	defaultSampling,
	type SamplingParams,
} from "../core/generation-request.ts";
import { clear, feed, indexOfHighest } from "./conformance-sequences.ts";
import type { Engine } from "./engine.ts";

export const greedySampling: SamplingParams = {
	...defaultSampling,
	temperature: 0,
};

/** Same logits, same sampling parameters: what must hold whatever the random numbers are. */
export function describeSamplers(load: () => Promise<Engine>): void {
	let engine: Engine;
	let logits: Float32Array;
	/** Tokens by falling logit. */
	let ranking: number[];
	beforeAll(async () => {
		engine = await load();
	});
	afterEach(() => clear(engine));
	afterAll(() => engine[Symbol.dispose]());

	/** One entry with logits, which samplers may read again and again. */
	const prepare = async (
		tokens: readonly number[] = [301, 302, 303],
	): Promise<number> => {
		clear(engine);
		logits = await feed(engine, 0, tokens);
		ranking = Array.from(logits.keys()).sort(
			(a, b) => (logits[b] ?? 0) - (logits[a] ?? 0),
		);
		return tokens.length - 1;
	};
	const draw = (
		sampling: Partial<SamplingParams>,
		entry: number,
		count: number,
		history: readonly number[] = [],
	): number[] => {
		using sampler = engine.createSampler({
			...defaultSampling,
			seed: 1,
			...sampling,
		});
		for (const token of history) sampler.accept(token);
		return Array.from({ length: count }, () => sampler.sample(entry));
	};
	const best = (rank: number): number => ranking[rank] ?? -1;

	it("takes the highest logit at temperature 0", async () => {
		const entry = await prepare();
		expect(draw({ temperature: 0 }, entry, 3)).toEqual(
			Array(3).fill(indexOfHighest(logits)),
		);
		expect(draw({ temperature: 1, topK: 1 }, entry, 3)).toEqual(
			Array(3).fill(best(0)),
		);
		expect(draw({ temperature: 1, topP: 1e-6 }, entry, 3)).toEqual(
			Array(3).fill(best(0)),
		);
		expect(draw({ temperature: 1, minP: 1 }, entry, 3)).toEqual(
			Array(3).fill(best(0)),
		);
		expect(draw({ temperature: 0.001 }, entry, 3)).toEqual(
			Array(3).fill(best(0)),
		);
	});

	it("draws the same tokens from the same seed and others from another", async () => {
		const entry = await prepare();
		const hot = { temperature: 3 };
		expect(draw({ ...hot, seed: 7 }, entry, 40)).toEqual(
			draw({ ...hot, seed: 7 }, entry, 40),
		);
		expect(draw({ ...hot, seed: 7 }, entry, 40)).not.toEqual(
			draw({ ...hot, seed: 8 }, entry, 40),
		);
		const largest = 2 ** 32 - 1;
		expect(draw({ ...hot, seed: largest }, entry, 40)).toEqual(
			draw({ ...hot, seed: largest }, entry, 40),
		);
		expect(draw({ ...hot, seed: null }, entry, 40)).not.toEqual(
			draw({ ...hot, seed: null }, entry, 40),
		);
	});

	it("keeps to the tokens that top-k, top-p, min-p and typical leave", async () => {
		const entry = await prepare();
		const top = new Set(ranking.slice(0, 5));
		expect(
			draw({ temperature: 5, topK: 5 }, entry, 200).every((token) =>
				top.has(token),
			),
		).toBe(true);
		const lowest = (logits[best(0)] ?? 0) + Math.log(0.5);
		const likely = (token: number): boolean =>
			(logits[token] ?? 0) >= lowest - 1e-4;
		expect(draw({ temperature: 5, minP: 0.5 }, entry, 200).every(likely)).toBe(
			true,
		);
		const nucleus = nucleusOf(logits, ranking, 0.3);
		expect(
			draw({ temperature: 5, topP: 0.3 }, entry, 200).every((token) =>
				nucleus.has(token),
			),
		).toBe(true);
		expect(new Set(draw({ typicalP: 0.2 }, entry, 300)).size).toBeLessThan(
			new Set(draw({}, entry, 300)).size,
		);
	});

	it("draws as often as the probabilities say", async () => {
		const entry = await prepare();
		const draws = draw({ topK: 2 }, entry, 2000);
		const share =
			draws.filter((token) => token === best(0)).length / draws.length;
		const expected =
			1 / (1 + Math.exp((logits[best(1)] ?? 0) - (logits[best(0)] ?? 0)));
		expect(Math.abs(share - expected)).toBeLessThan(0.05);
	});

	it("adds biases, and never draws a banned token", async () => {
		const entry = await prepare();
		expect(
			draw({ temperature: 0, logitBias: [[best(0), -100]] }, entry, 2),
		).toEqual([best(1), best(1)]);
		const gap = (logits[best(0)] ?? 0) - (logits[best(400)] ?? 0);
		expect(
			draw({ temperature: 0, logitBias: [[best(400), gap + 0.5]] }, entry, 1),
		).toEqual([best(400)]);
		expect(
			draw({ temperature: 0, logitBias: [[best(400), gap - 0.5]] }, entry, 1),
		).toEqual([best(0)]);
		const banned = ranking.slice(0, 50).map((token) => [token, -100] as const);
		const isBanned = new Set(ranking.slice(0, 50));
		expect(
			draw({ temperature: 2, logitBias: banned }, entry, 300).some((token) =>
				isBanned.has(token),
			),
		).toBe(false);
	});

	it("refuses a bias for a token that does not exist, and names the field", () => {
		const create = (): unknown =>
			engine.createSampler({
				...defaultSampling,
				logitBias: [[engine.info.vocabularySize, 1]],
			});
		expect(create).toThrow(
			expect.objectContaining({ code: "invalid_request", param: "logit_bias" }),
		);
	});

	it("counts the prompt for the repetition penalty", async () => {
		const entry = await prepare();
		const strong = { temperature: 0, repetitionPenalty: 1e6 };
		expect(draw(strong, entry, 1, [best(0)])).not.toEqual([best(0)]);
		expect(draw(strong, entry, 1, [best(1)])).toEqual([best(0)]);
		expect(
			draw({ ...strong, penaltyLastTokens: 2 }, entry, 1, [
				best(0),
				best(5),
				best(6),
			]),
		).toEqual([best(0)]);
		expect(
			draw({ ...strong, penaltyLastTokens: 0 }, entry, 1, [best(0)]),
		).toEqual([best(0)]);
	});

	it("counts only generated tokens for the presence and frequency penalties", async () => {
		const entry = await prepare();
		for (const penalty of [
			{ presencePenalty: 1000 },
			{ frequencyPenalty: 1000 },
		]) {
			const draws = draw({ temperature: 0, ...penalty }, entry, 4, [
				best(0),
				best(1),
			]);
			expect(draws).toEqual([best(0), best(1), best(2), best(3)]);
		}
	});

	it("breaks repetitions with DRY, except across a sequence breaker", async () => {
		const entry = await prepare();
		const dry = {
			...defaultSampling.dry,
			multiplier: 1000,
			base: 2,
			allowedLength: 2,
			sequenceBreakers: [],
		};
		const [a, b, next] = [best(10), best(11), best(0)];
		const repeating = [a, b, next, a, b];
		expect(draw({ temperature: 0, dry }, entry, 1, repeating)).not.toEqual([
			next,
		]);
		expect(draw({ temperature: 0, dry }, entry, 1, [a, b, next, b, a])).toEqual(
			[next],
		);
		expect(
			draw(
				{ temperature: 0, dry: { ...dry, lastTokens: 3 } },
				entry,
				1,
				repeating,
			),
		).toEqual([next]);
		const text = Buffer.from(engine.vocabulary.tokenBytes(b, true)).toString(
			"utf8",
		);
		expect(
			draw(
				{ temperature: 0, dry: { ...dry, sequenceBreakers: [text] } },
				entry,
				1,
				repeating,
			),
		).toEqual([next]);
	});

	it("keeps each sampler's history to itself", async () => {
		const entry = await prepare();
		using first = engine.createSampler({
			...greedySampling,
			frequencyPenalty: 1000,
		});
		using second = engine.createSampler({
			...greedySampling,
			frequencyPenalty: 1000,
		});
		expect([
			first.sample(entry),
			first.sample(entry),
			second.sample(entry),
		]).toEqual([best(0), best(1), best(0)]);
	});

	it("refuses an entry without logits", async () => {
		await prepare();
		using sampler = engine.createSampler(greedySampling);
		expect(() => sampler.sample(0)).toThrow(/wantsLogits/);
	});
}

function nucleusOf(
	logits: Float32Array,
	ranking: readonly number[],
	share: number,
): Set<number> {
	const weights = ranking.map((token) =>
		Math.exp((logits[token] ?? 0) - (logits[ranking[0] ?? 0] ?? 0)),
	);
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	const nucleus = new Set<number>();
	let sum = 0;
	for (const [rank, token] of ranking.entries()) {
		// The token that passes the border belongs to it; one more allows for rounding at the border.
		nucleus.add(token);
		if (sum >= share * total) break;
		sum += weights[rank] ?? 0;
	}
	return nucleus;
}
