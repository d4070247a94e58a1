import { describe, expect, test } from "vitest";
import { AnswerLengths } from "./answer-lengths.ts";
import { Backlog } from "./backlog.ts";
import { StepPrices } from "./step-prices.ts";
import { seededRandom } from "./testing/random.ts";
import { prices, SimulatedServer } from "./testing/simulated-server.ts";
import { WaitEstimator } from "./wait-estimator.ts";

interface Shape {
	/** Half of the errors, and nine of ten, are smaller than this share of the real wait. */
	median: number;
	ninth: number;
	requestsPerSecond: number;
	promptTokens: number;
	/** Mean of an exponential distribution. */
	answerTokens: number;
	maxTokens: number;
	cachedShare: number;
}

/** Estimates at arrival against what came true: open-loop arrivals at twice the capacity, nobody refused. */
function relativeErrors(shape: Shape, seed: number): number[] {
	const random = seededRandom(seed);
	const slots = 8;
	const server = new SimulatedServer(prices, slots, 256, random);
	const backlog = new Backlog();
	const estimator = new WaitEstimator(slots);
	const estimates = new Map<
		number,
		{ at: number; seconds: number; raw: number }
	>();
	const errors: number[] = [];
	let next = 0;
	for (let number = 1; number <= 300; number++) {
		while (server.now < next && !server.isIdle) {
			const report = server.step();
			estimator.hearStep(report, backlog);
			backlog.hearStep(report);
			for (let index = 0; index < report.tokens.length; index += 3) {
				const estimate = estimates.get(report.tokens[index] as number);
				if (estimate === undefined) continue;
				estimates.delete(report.tokens[index] as number);
				const real = (server.now - estimate.at) / 1000;
				estimator.check(real, estimate.raw);
				// The beginning teaches; short waits are mostly the rest of a step.
				if (estimate.at > 30_000 && real > 1)
					errors.push((estimate.seconds - real) / real);
			}
			for (const { number: ended } of report.ended) backlog.leave(ended);
		}
		server.now = Math.max(server.now, next);
		const promptTokens = Math.ceil(shape.promptTokens * (0.5 + random()));
		const { maxTokens } = shape;
		const arrival = {
			promptTokens,
			choices: 1,
			maxTokens,
			tenant: "",
			priority: 0,
		};
		const estimate = estimator.estimate(arrival, backlog);
		if (estimator.isReady)
			estimates.set(number, {
				at: next,
				seconds: estimate.firstTokenSeconds,
				raw: estimator.uncorrected(estimate),
			});
		backlog.enter(number, arrival, next);
		server.submit({
			number,
			promptTokens,
			cachedTokens: Math.floor(promptTokens * shape.cachedShare),
			answerTokens: Math.ceil(-shape.answerTokens * Math.log(1 - random())),
			maxTokens,
		});
		next -= (1000 * Math.log(1 - random())) / shape.requestsPerSecond;
	}
	return errors;
}

function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((left, right) => left - right);
	return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

describe("estimates at twice the capacity", () => {
	const shapes: [name: string, shape: Shape][] = [
		[
			"chats",
			{
				median: 0.15,
				ninth: 0.35,
				requestsPerSecond: 1.6,
				promptTokens: 300,
				answerTokens: 80,
				maxTokens: 400,
				cachedShare: 0,
			},
		],
		[
			"short answers cut by their limit",
			{
				median: 0.15,
				ninth: 0.35,
				requestsPerSecond: 4,
				promptTokens: 100,
				answerTokens: 10_000,
				maxTokens: 32,
				cachedShare: 0,
			},
		],
		[
			"long prompts, mostly cached",
			{
				median: 0.2,
				ninth: 0.35,
				requestsPerSecond: 3,
				promptTokens: 1200,
				answerTokens: 40,
				maxTokens: 100,
				cachedShare: 0.9,
			},
		],
		// A few answers that nobody can foresee decide when eight slots get free.
		[
			"long answers without a limit",
			{
				median: 0.25,
				ninth: 0.8,
				requestsPerSecond: 0.6,
				promptTokens: 50,
				answerTokens: 400,
				maxTokens: 8000,
				cachedShare: 0,
			},
		],
	];
	for (const [name, shape] of shapes) {
		test(`${name}: half of them are within ${shape.median * 100} %, nine of ten within ${shape.ninth * 100} %, and the mean is within 15 %`, () => {
			const errors = [1, 2, 3].flatMap((seed) => relativeErrors(shape, seed));
			expect(errors.length).toBeGreaterThan(50);
			const sizes = errors.map(Math.abs);
			const mean =
				errors.reduce((sum, error) => sum + error, 0) / errors.length;
			expect(quantile(sizes, 0.5)).toBeLessThan(shape.median);
			expect(quantile(sizes, 0.9)).toBeLessThan(shape.ninth);
			expect(Math.abs(mean)).toBeLessThan(0.15);
		});
	}
});

describe("StepPrices", () => {
	test("finds the prices behind steps of all kinds", () => {
		const cost = new StepPrices();
		const random = seededRandom(1);
		for (let step = 0; step < 300; step++) {
			const decodeTokens = Math.floor(random() * 9);
			const prefillTokens = random() < 0.5 ? 0 : Math.floor(random() * 256);
			const seconds = 0.02 + 0.002 * prefillTokens + 0.005 * decodeTokens;
			cost.add({ seconds, prefillTokens, decodeTokens, acceptedTokens: 0 });
		}
		const { step, prefillToken, decodeSequence } = cost.price();
		expect(step).toBeCloseTo(0.02, 3);
		expect(prefillToken).toBeCloseTo(0.002, 4);
		expect(decodeSequence).toBeCloseTo(0.005, 3);
	});

	test("hours of decoding don't wear away what is known of prefill", () => {
		const cost = new StepPrices();
		for (let step = 0; step < 50; step++)
			cost.add({
				seconds: 0.5,
				prefillTokens: 240,
				decodeTokens: 0,
				acceptedTokens: 0,
			});
		for (let step = 0; step < 20_000; step++)
			cost.add({
				seconds: 0.05,
				prefillTokens: 0,
				decodeTokens: 1 + (step % 8),
				acceptedTokens: 0,
			});
		const { step, prefillToken } = cost.price();
		expect(step + 240 * prefillToken).toBeGreaterThan(0.4);
		expect(step + 240 * prefillToken).toBeLessThan(0.6);
	});

	test("counts the tokens that guesses bring", () => {
		const cost = new StepPrices();
		for (let step = 0; step < 200; step++)
			cost.add({
				seconds: 0.05,
				prefillTokens: 0,
				decodeTokens: 2,
				acceptedTokens: 3,
			});
		expect(cost.tokensPerDecode).toBeCloseTo(2.5, 1);
	});
});

describe("AnswerLengths", () => {
	test("knows that answers go on to their limit when none ended by itself", () => {
		const lengths = new AnswerLengths();
		for (let answer = 0; answer < 300; answer++) {
			lengths.generated(32);
			lengths.ended(false);
		}
		expect(lengths.expected(32)).toBeGreaterThan(31);
		expect(lengths.expected(1000)).toBeGreaterThan(500);
	});

	test("finds the mean of answers behind limits that cut most of them", () => {
		const lengths = new AnswerLengths();
		const random = seededRandom(4);
		for (let answer = 0; answer < 2000; answer++) {
			const length = Math.ceil(-200 * Math.log(1 - random()));
			lengths.generated(Math.min(length, 100));
			lengths.ended(length <= 100);
		}
		expect(lengths.expected(100_000)).toBeGreaterThan(120);
		expect(lengths.expected(100_000)).toBeLessThan(320);
	});
});
