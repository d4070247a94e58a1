import { describe, expect, it } from "vitest";
import {
	defaultSampling,
	type SamplingParams,
} from "../../core/generation-request.ts";
import { Candidates } from "./candidates.ts";
import { createRandomNumbers } from "./random-numbers.ts";
import { TokenDrawer } from "./token-drawer.ts";

const logits = Float32Array.of(1, 5, 3, 4, -2, 0);

function createDrawer(
	sampling: Partial<SamplingParams>,
	bannedTokens: readonly number[] = [],
): TokenDrawer {
	const memory = {
		candidates: new Candidates(logits.length),
		scratch: new Float32Array(logits.length),
	};
	return new TokenDrawer(
		memory,
		{ ...defaultSampling, seed: 3, ...sampling },
		{ contextLength: 100, bannedTokens },
	);
}

describe("TokenDrawer", () => {
	it("leaves the logits as they are", () => {
		const before = [...logits];
		const drawer = createDrawer({
			logitBias: [[1, -100]],
			frequencyPenalty: 1,
			repetitionPenalty: 2,
			temperature: 0,
		});
		drawer.draw(logits);
		drawer.draw(logits);
		expect([...logits]).toEqual(before);
	});

	it("never draws what the model's file bans", () => {
		expect(createDrawer({ temperature: 0 }, [1, 3]).draw(logits)).toBe(2);
	});

	it("forgets tokens that have left the window of the penalties", () => {
		const drawer = createDrawer({
			temperature: 0,
			presencePenalty: 100,
			penaltyLastTokens: 2,
		});
		const drawn = Array.from({ length: 6 }, () => drawer.draw(logits));
		expect(drawn).toEqual([1, 3, 2, 1, 3, 2]);
	});

	it("keeps counting right through a window much shorter than what is generated", () => {
		const drawer = createDrawer({
			temperature: 0,
			presencePenalty: 100,
			penaltyLastTokens: 2,
		});
		const drawn = Array.from({ length: 6000 }, () => drawer.draw(logits));
		expect(drawn.slice(-3)).toEqual([1, 3, 2]);
	});

	it("counts each occurrence for the frequency penalty", () => {
		const drawer = createDrawer({ temperature: 0, frequencyPenalty: 0.6 });
		expect(Array.from({ length: 4 }, () => drawer.draw(logits))).toEqual([
			1, 1, 3, 1,
		]);
	});

	it("says so when no token is left", () => {
		const drawer = createDrawer({
			logitBias: [...logits.keys()].map((token) => [token, -100] as const),
		});
		expect(() => drawer.draw(logits)).toThrow(
			expect.objectContaining({ code: "engine_error" }),
		);
		expect(() =>
			createDrawer({}).draw(new Float32Array(6).fill(Number.NaN)),
		).toThrow(/no numbers/);
	});

	it("leaves DRY and typical sampling to others", () => {
		expect(TokenDrawer.canDraw(defaultSampling)).toBe(true);
		expect(TokenDrawer.canDraw({ ...defaultSampling, typicalP: 0.9 })).toBe(
			false,
		);
		expect(
			TokenDrawer.canDraw({
				...defaultSampling,
				dry: { ...defaultSampling.dry, multiplier: 1 },
			}),
		).toBe(false);
	});
});

describe("createRandomNumbers", () => {
	it("is uniform in [0, 1), and its own sequence for each seed", () => {
		const buckets = new Uint32Array(16);
		const firsts = new Set<number>();
		for (let seed = 0; seed < 1000; seed++) {
			const random = createRandomNumbers(seed);
			firsts.add(random());
			for (let draw = 0; draw < 64; draw++)
				(buckets[Math.floor(16 * random())] as number)++;
		}
		expect(firsts.size).toBe(1000);
		for (const size of buckets)
			expect(Math.abs(size / 4000 - 1)).toBeLessThan(0.1);
	});
});
