import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	createRandomSource,
	type RandomSource,
} from "../benchmark/random-source.ts";
import { StepCost } from "./step-cost.ts";
import { attendedCells, type StepWork } from "./step-work.ts";

interface Machine {
	step: number;
	prefill: number;
	decode: number;
	mixed: number;
	cell: number;
}

const slowMachine: Machine = {
	step: 60e-3,
	prefill: 4e-3,
	decode: 3e-3,
	mixed: 20e-3,
	cell: 2e-6,
};
const middleMachine: Machine = {
	step: 12e-3,
	prefill: 1.3e-3,
	decode: 2e-3,
	mixed: 4e-3,
	cell: 2e-7,
};
const fastMachine: Machine = {
	step: 5e-3,
	prefill: 5e-5,
	decode: 1e-4,
	mixed: 1e-4,
	cell: 1e-8,
};

function cost(machine: Machine, work: StepWork): number {
	const isMixed = work.prefillTokens > 0 && work.decodeTokens > 0;
	return (
		machine.step +
		machine.prefill * work.prefillTokens +
		machine.decode * work.decodeTokens +
		(isMixed ? machine.mixed : 0) +
		machine.cell * work.attendedCells
	);
}

function work(
	decoding: number,
	context: number,
	prefill = 0,
	position = 0,
): StepWork {
	return {
		prefillTokens: prefill,
		decodeTokens: decoding,
		attendedCells: decoding * (context + 1) + attendedCells(position, prefill),
		tiledCells: 0,
	};
}

/** A step with so many prefill tokens more, the first at a position. */
function withPrefill(step: StepWork, position: number) {
	return (tokens: number): StepWork => ({
		...step,
		prefillTokens: step.prefillTokens + tokens,
		attendedCells: step.attendedCells + attendedCells(position, tokens),
	});
}

/** A step as a server sees them: decoding alone, prefill alone, both. */
function randomWork(random: RandomSource): StepWork {
	const kind = random.between(0, 2);
	const decoding = kind === 1 ? 0 : random.between(1, 16);
	const prefill = kind === 0 ? 0 : random.between(1, 512);
	return work(
		decoding,
		random.between(50, 4000),
		prefill,
		random.between(0, 6000),
	);
}

/** About normally distributed, standard deviation `size`. */
function noise(random: RandomSource, size: number): number {
	let sum = -6;
	for (let i = 0; i < 12; i++) sum += random.next();
	return 1 + size * sum;
}

const probes: readonly StepWork[] = [
	work(1, 100),
	work(8, 1000),
	work(16, 4000),
	work(0, 0, 256, 0),
	work(0, 0, 512, 4000),
	work(4, 500, 64, 1000),
	work(16, 4000, 128, 6000),
];

function worstError(learned: StepCost, machine: Machine): number {
	return Math.max(
		...probes.map((probe) =>
			Math.abs(learned.predict(probe) / cost(machine, probe) - 1),
		),
	);
}

function train(
	learned: StepCost,
	random: RandomSource,
	steps: number,
	seconds: (step: StepWork) => number,
	next: (random: RandomSource) => StepWork = randomWork,
): void {
	for (let i = 0; i < steps; i++) {
		const step = next(random);
		learned.observe(step, seconds(step));
	}
}

describe("StepCost", () => {
	test.each([
		["slow", slowMachine],
		["middle", middleMachine],
		["fast", fastMachine],
	])("learns a %s machine from noisy steps within 10 %%", (_, machine) => {
		const learned = new StepCost();
		const random = createRandomSource(1);
		train(
			learned,
			random,
			200,
			(step) => cost(machine, step) * noise(random, 0.05),
		);
		expect(worstError(learned, machine)).toBeLessThan(0.1);
		expect(learned.isLearned).toBe(true);
	});

	test.each([
		[0.1, 2],
		[0.05, 5],
		[0.02, 20],
	])(
		"steps disturbed by others (%d of all, taking %d times as long) do not ruin it",
		(share, times) => {
			const errors = [1, 2, 3, 4, 5].map((seed) => {
				const learned = new StepCost();
				const random = createRandomSource(seed);
				train(
					learned,
					random,
					1000,
					(step) =>
						cost(middleMachine, step) *
						noise(random, 0.05) *
						(random.next() < share ? times : 1),
				);
				return worstError(learned, middleMachine);
			});
			expect(errors.reduce((sum, error) => sum + error, 0) / 5).toBeLessThan(
				0.025,
			);
		},
	);

	test("a machine that is not linear (memory bound, then compute bound) is learned well enough to plan with", () => {
		const learned = new StepCost();
		const random = createRandomSource(5);
		const seconds = (step: StepWork) => {
			const tokens = step.prefillTokens + step.decodeTokens;
			const passes = Math.max(12e-3 + 0.4e-3 * tokens, 1.3e-3 * tokens);
			const isMixed = step.prefillTokens > 0 && step.decodeTokens > 0;
			return (
				((isMixed ? 1.15 : 1) * passes + 2e-7 * step.attendedCells) *
				noise(random, 0.05)
			);
		};
		train(learned, random, 500, seconds);
		let deviation = 0;
		let late = 0;
		train(learned, random, 2000, (step) => {
			const measured = seconds(step);
			const ratio = measured / learned.predict(step);
			deviation += Math.abs(ratio - 1) / 2000;
			if (ratio > 1.4) late++;
			return measured;
		});
		expect(deviation).toBeLessThan(0.12);
		expect(late).toBeLessThan(10);
	});

	test("a slow first step, as when weights come from disk, is forgotten within 30 steps", () => {
		const learned = new StepCost();
		const random = createRandomSource(3);
		learned.observe(work(0, 0, 200), 12 * cost(middleMachine, work(0, 0, 200)));
		train(
			learned,
			random,
			30,
			(step) => cost(middleMachine, step) * noise(random, 0.03),
		);
		expect(worstError(learned, middleMachine)).toBeLessThan(0.25);
	});

	test.each([
		[2, 20],
		[0.5, 20],
		[1.2, 30],
		[1.1, 300],
	])(
		"a machine that becomes %d times as slow is learned anew within %d steps",
		(factor, steps) => {
			const learned = new StepCost();
			const random = createRandomSource(4);
			const changed: Machine = {
				step: middleMachine.step * factor,
				prefill: middleMachine.prefill * factor,
				decode: middleMachine.decode * factor,
				mixed: middleMachine.mixed * factor,
				cell: middleMachine.cell * factor,
			};
			train(
				learned,
				random,
				2000,
				(step) => cost(middleMachine, step) * noise(random, 0.04),
			);
			train(
				learned,
				random,
				steps,
				(step) => cost(changed, step) * noise(random, 0.04),
			);
			expect(worstError(learned, changed)).toBeLessThan(0.12);
		},
	);

	test("what prefill costs survives 60,000 steps of decoding alone, and follows their pace", () => {
		const learned = new StepCost();
		const random = createRandomSource(5);
		train(
			learned,
			random,
			300,
			(step) => cost(middleMachine, step) * noise(random, 0.03),
		);
		let context = 100;
		train(
			learned,
			random,
			60_000,
			(step) => cost(middleMachine, step) * noise(random, 0.03),
			() => {
				context = context > 3000 ? 100 : context + 1;
				return work(4, context);
			},
		);
		expect(worstError(learned, middleMachine)).toBeLessThan(0.25);
		train(
			learned,
			random,
			40,
			(step) => 2 * cost(middleMachine, step),
			() => work(4, 1000),
		);
		const prefill = work(0, 0, 256);
		expect(
			learned.predict(prefill) / cost(middleMachine, prefill),
		).toBeGreaterThan(1.5);
	}, 60_000);

	test("before it has learned, the first step sets the scale of everything", () => {
		const learned = new StepCost();
		expect(learned.isLearned).toBe(false);
		expect(learned.predict(work(1, 10))).toBeGreaterThan(0);
		learned.observe(work(0, 0, 512), cost(fastMachine, work(0, 0, 512)));
		expect(learned.predict(work(0, 0, 512))).toBeCloseTo(
			cost(fastMachine, work(0, 0, 512)),
			2,
		);
		expect(learned.predict(work(1, 100))).toBeLessThan(0.02);
		expect(learned.isLearned).toBe(false);
	});

	test("a step with nothing in it, or with figures that make no sense, teaches nothing", () => {
		const learned = new StepCost();
		const before = learned.predict(work(3, 50));
		learned.observe(work(0, 0), 0.1);
		learned.observe(work(1, 5), 0);
		learned.observe(work(1, 5), Number.NaN);
		learned.observe(work(1, 5), Number.POSITIVE_INFINITY);
		learned.observe(work(-1, 5), 0.1);
		learned.observe(work(Number.NaN, 5), 0.1);
		expect(learned.predict(work(3, 50))).toBe(before);
	});

	test("prefill is as much as stays within the time, margin included, and no token less", () => {
		const learned = new StepCost();
		const random = createRandomSource(6);
		train(
			learned,
			random,
			500,
			(step) => cost(middleMachine, step) * noise(random, 0.05),
		);
		const step = work(4, 500);
		const tokens = learned.tokensWithin(0.1, 1, 4096, withPrefill(step, 2000));
		const margin = 1 + learned.prefillMargin;
		const at = (count: number) =>
			learned.predict(work(4, 500, count, 2000)) * margin;
		const within = (seconds: number, most: number) =>
			learned.tokensWithin(seconds, 1, most, withPrefill(step, 2000));
		expect(tokens).toBeGreaterThan(20);
		expect(at(tokens)).toBeLessThanOrEqual(0.1);
		expect(at(tokens + 1)).toBeGreaterThan(0.1);
		expect(within(0.1, 7)).toBe(7);
		expect(within(0.001, 100)).toBe(0);
		expect(within(0.1, 0)).toBe(0);
		expect(within(Infinity, 512)).toBe(512);
		expect(learned.tokensWithin(0.1, 300, 200, withPrefill(step, 0))).toBe(0);
	});

	test("steps with prefill planned that way are within the target three times in four, and within 1.25 of it 98 times in 100", () => {
		const learned = new StepCost();
		const random = createRandomSource(7);
		const target = 0.12;
		let late = 0;
		let tooLate = 0;
		train(
			learned,
			random,
			100,
			(step) => cost(middleMachine, step) * noise(random, 0.08),
		);
		for (let i = 0; i < 2000; i++) {
			const step = work(random.between(1, 8), random.between(50, 2000));
			const position = random.between(0, 4000);
			const tokens = learned.tokensWithin(
				target,
				1,
				512,
				withPrefill(step, position),
			);
			const planned = {
				...step,
				prefillTokens: tokens,
				attendedCells: step.attendedCells + attendedCells(position, tokens),
			};
			const seconds = cost(middleMachine, planned) * noise(random, 0.08);
			if (seconds > target) late++;
			if (seconds > 1.25 * target) tooLate++;
			learned.observe(planned, seconds);
		}
		expect(late).toBeLessThan(600);
		expect(tooLate).toBeLessThan(40);
	});

	test("cells attended to in tiles have a price of their own", () => {
		const learned = new StepCost();
		const random = createRandomSource(8);
		for (let i = 0; i < 400; i++) {
			const step = randomWork(random);
			const tiledCells = random.between(0, 1) * random.between(1e5, 1e6);
			const seconds = cost(middleMachine, step) + 5e-8 * tiledCells;
			learned.observe({ ...step, tiledCells }, seconds);
		}
		const step = work(4, 500, 64, 2000);
		const added =
			learned.predict({ ...step, tiledCells: 1e6 }) - learned.predict(step);
		expect(added).toBeCloseTo(0.05, 2);
	});

	test("property: whatever was observed, predictions are finite, never negative, and never fall with more work", () => {
		const count = fc.oneof(
			fc.nat(16),
			fc.nat(4096),
			fc.constantFrom(0, 1, 1e9),
		);
		const step = fc.record({
			prefillTokens: count,
			decodeTokens: count,
			attendedCells: fc.oneof(count, fc.nat(1e9), fc.constant(1e12)),
			tiledCells: fc.oneof(count, fc.nat(1e9), fc.constant(1e12)),
		});
		const seconds = fc.oneof(
			fc.double({ min: 1e-3, max: 1, noNaN: true }),
			fc.double(),
			fc.constantFrom(1e-9, 1e-6, 1e6, 0, -1),
		);
		const history = fc.array(
			fc.tuple(step, seconds, fc.integer({ min: 1, max: 30 })),
			{ maxLength: 25 },
		);
		fc.assert(
			fc.property(history, step, fc.nat(4096), (observed, probe, more) => {
				const learned = new StepCost();
				for (const [past, measured, times] of observed)
					for (let i = 0; i < times; i++) {
						learned.observe(past, measured);
						const predicted = learned.predict(probe);
						expect(Number.isFinite(predicted)).toBe(true);
						expect(predicted).toBeGreaterThanOrEqual(0);
					}
				const predicted = learned.predict(probe);
				for (const feature of [
					"prefillTokens",
					"decodeTokens",
					"attendedCells",
					"tiledCells",
				] as const)
					expect(
						learned.predict({ ...probe, [feature]: probe[feature] + more }),
					).toBeGreaterThanOrEqual(predicted);
				const tokens = learned.tokensWithin(
					0.1,
					1,
					more,
					withPrefill(probe, 100),
				);
				expect(tokens).toBeGreaterThanOrEqual(0);
				expect(tokens).toBeLessThanOrEqual(more);
				expect(learned.prefillDeviation).toBeGreaterThanOrEqual(0);
			}),
			{ numRuns: 60 },
		);
	});
});
