import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type Candidate,
	type CandidateField,
	candidateKey,
} from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import type { AccuracyFigures, SpeedRun } from "./figures.ts";
import { type Conclusion, isFeasible, Search } from "./search.ts";
import { createSearchSpace, type SearchSpace } from "./search-space.ts";
import { accuracyOf, speedRun, testCandidate } from "./testing/figures.ts";

const hardware = {
	platform: "linux",
	architecture: "x64",
	cpu: {
		model: "Test",
		logicalProcessors: 8,
		physicalCores: 4,
		quota: null,
		features: [],
	},
	memory: { totalBytes: 2 ** 34, availableBytes: 2 ** 33, limitBytes: null },
	numaNodes: 1,
};

const noLimits: Constraints = {
	targetItlMs: null,
	targetTtftMs: null,
	maxKl: null,
	maxPerplexityLoss: null,
	maxMemoryBytes: null,
};

function spaceOf(
	variants: ("Q8_0" | "Q4_K_M" | "Q4_0")[] = [],
	pinned: ReadonlySet<CandidateField> = new Set(),
): SearchSpace {
	return createSearchSpace({
		baseline: testCandidate,
		hardware,
		variants,
		usesGpu: false,
		concurrencies: [1, 8],
		pinned,
	});
}

interface World {
	speed(candidate: Candidate, run: number): SpeedRun | Error;
	accuracy(candidate: Candidate): AccuracyFigures;
}

/** Runs a search to its end; `most` ends it earlier. */
function explore(
	world: World,
	{
		constraints = noLimits,
		space = spaceOf(["Q8_0", "Q4_K_M", "Q4_0"]),
		most = 1000,
	}: { constraints?: Constraints; space?: SearchSpace; most?: number } = {},
): { conclusion: Conclusion; steps: string[]; isDone: boolean } {
	const search = new Search({ space, constraints });
	const steps: string[] = [];
	const runs = new Map<string, number>();
	for (let count = 0; count < most; count++) {
		const step = search.next();
		if (step.kind === "done")
			return { conclusion: search.conclude(), steps, isDone: true };
		const key = candidateKey(step.candidate);
		steps.push(`${step.kind} ${key}`);
		if (step.kind === "accuracy") {
			search.acceptAccuracy(step.candidate, world.accuracy(step.candidate));
			continue;
		}
		const number = runs.get(key) ?? 0;
		runs.set(key, number + 1);
		const run = world.speed(step.candidate, number);
		if (run instanceof Error) search.reject(step.candidate, run.message);
		else search.acceptSpeed(step.candidate, run);
	}
	return { conclusion: search.conclude(), steps, isDone: false };
}

const speedOfVariant: Record<string, number> = {
	source: 100,
	Q8_0: 110,
	Q4_K_M: 140,
	Q4_0: 170,
};
const klOfVariant: Record<string, number> = {
	source: 0,
	Q8_0: 0.001,
	Q4_K_M: 0.03,
	Q4_0: 0.08,
};
const plainWorld: World = {
	speed: ({ variant, threads }) =>
		speedRun((speedOfVariant[variant] ?? 0) * (threads === 3 ? 1.3 : 1)),
	accuracy: ({ variant, kvType }) =>
		accuracyOf((klOfVariant[variant] ?? 0) + (kvType === "q8_0" ? 0.002 : 0)),
};

/** Everything about a candidate decides its figures; the same candidate is noisy from run to run. */
function randomWorld(seed: number, noise: number): World {
	const hash = (text: string) => {
		let value = seed ^ 0x9e3779b9;
		for (const letter of text)
			value = Math.imul(value ^ letter.charCodeAt(0), 0x85ebca6b) >>> 1;
		return (value % 10_000) / 10_000;
	};
	return {
		speed(candidate, run) {
			const key = candidateKey(candidate);
			if (hash(`fails ${key}`) < 0.05) return new Error("out of memory");
			return speedRun(
				(50 + 100 * hash(key)) * (1 + noise * (hash(`${key}${run}`) - 0.5)),
				{
					itlP95Ms: 5 + 20 * hash(`itl ${key}`),
					ttftP95Ms: 50 * hash(`ttft ${key}`),
					memoryBytes: 2 ** 30 * hash(`memory ${key}`),
				},
			);
		},
		accuracy: ({ variant, kvType }) =>
			variant === "source" && kvType === "f16"
				? accuracyOf(0)
				: accuracyOf(
						0.1 * hash(`kl ${variant} ${kvType}`),
						0.1 * hash(`loss ${variant} ${kvType}`) - 0.02,
					),
	};
}

const limits = fc.record({
	targetItlMs: fc.option(fc.integer({ min: 4, max: 26 })),
	targetTtftMs: fc.option(fc.integer({ min: 1, max: 60 })),
	maxKl: fc.option(fc.double({ min: 0, max: 0.1, noNaN: true })),
	maxPerplexityLoss: fc.option(fc.double({ min: 0, max: 0.1, noNaN: true })),
	maxMemoryBytes: fc.option(fc.integer({ min: 1, max: 2 ** 30 })),
});

describe("the search", () => {
	it("never picks a candidate that breaks a limit, however early it ends", () => {
		fc.assert(
			fc.property(
				fc.nat(),
				limits,
				fc.integer({ min: 1, max: 120 }),
				(seed, constraints, most) => {
					const { conclusion } = explore(randomWorld(seed, 0.2), {
						constraints,
						most,
					});
					const { winner, verdicts } = conclusion;
					if (winner === null) return;
					expect(winner.violations).toEqual([]);
					expect(isFeasible(winner)).toBe(true);
					expect(winner.runs.length).toBeGreaterThan(0);
					expect(verdicts.map(({ candidate }) => candidate)).toContainEqual(
						winner.candidate,
					);
				},
			),
		);
	});

	it("finds a feasible candidate whenever it has measured one", () => {
		fc.assert(
			fc.property(fc.nat(), limits, (seed, constraints) => {
				const { conclusion } = explore(randomWorld(seed, 0.05), {
					constraints,
				});
				const isAny = conclusion.verdicts.some(isFeasible);
				expect(conclusion.winner !== null).toBe(isAny);
			}),
		);
	});

	it("ends, and measures nothing more than three times a stage", () => {
		fc.assert(
			fc.property(fc.nat(), limits, (seed, constraints) => {
				const { isDone, steps } = explore(randomWorld(seed, 0.3), {
					constraints,
				});
				expect(isDone).toBe(true);
				expect(steps.length).toBeLessThan(150);
			}),
		);
	});

	it("takes the same steps again when it gets the same results, so that it can go on where it was", () => {
		fc.assert(
			fc.property(fc.nat(), limits, fc.nat(60), (seed, constraints, most) => {
				const world = randomWorld(seed, 0.1);
				const all = explore(world, { constraints });
				const first = explore(world, { constraints, most });
				expect(first.steps).toEqual(all.steps.slice(0, first.steps.length));
			}),
		);
	});

	it("prefers the fastest of those that are accurate enough", () => {
		const { conclusion } = explore(plainWorld, {
			constraints: { ...noLimits, maxKl: 0.05 },
		});
		expect(conclusion.winner?.candidate).toMatchObject({
			variant: "Q4_K_M",
			threads: 3,
		});
		const free = explore(plainWorld);
		expect(free.conclusion.winner?.candidate.variant).toBe("Q4_0");
	});

	it("keeps what it has when others are only better by chance", () => {
		const scores = [100, 104, 97, 101, 103, 98];
		let runs = 0;
		const { conclusion } = explore({
			speed: () => speedRun(scores[runs++ % scores.length] as number),
			accuracy: () => accuracyOf(0),
		});
		expect(conclusion.winner?.candidate).toEqual(testCandidate);
	});

	it("takes the slower one that keeps a latency target before a faster one that doesn't", () => {
		const { conclusion } = explore(
			{
				speed: ({ variant, threads }) =>
					speedRun(speedOfVariant[variant] ?? 0, {
						itlP95Ms: threads === 2 ? 20 : 40,
					}),
				accuracy: () => accuracyOf(0),
			},
			{ constraints: { ...noLimits, targetItlMs: 25 } },
		);
		expect(conclusion.winner?.candidate.threads).toBe(2);
	});

	it("says that nothing wins when nothing keeps the limits, and what is nearest is measured", () => {
		const { conclusion } = explore(plainWorld, {
			constraints: { ...noLimits, targetItlMs: 1 },
		});
		expect(conclusion.winner).toBeNull();
		expect(
			conclusion.verdicts.every(
				({ violations, runs }) => runs.length === 0 || violations.length > 0,
			),
		).toBe(true);
	});

	it("does not measure coarser precisions when a finer one is hopeless", () => {
		const { conclusion } = explore(plainWorld, {
			constraints: { ...noLimits, maxKl: 0.002 },
		});
		const coarse = conclusion.verdicts.find(
			({ candidate }) => candidate.variant === "Q4_0",
		);
		expect(coarse?.accuracy).toBeNull();
		expect(coarse?.runs).toEqual([]);
		expect(coarse?.reason).toMatch(/finer/);
	});

	it("goes on without what can't be loaded, also when that is the default", () => {
		const { conclusion } = explore({
			...plainWorld,
			speed: (candidate, run) =>
				candidate.variant === "source"
					? new Error("out of memory")
					: plainWorld.speed(candidate, run),
		});
		expect(conclusion.winner?.candidate.variant).toBe("Q4_0");
		expect(conclusion.verdicts[0]?.reason).toBe("out of memory");
	});

	it("interleaves repeats, so that a machine that gets slower wrongs nobody", () => {
		let runs = 0;
		const { conclusion } = explore({
			// Everybody is 1 % slower from run to run.
			speed: () => speedRun(100 * 0.99 ** runs++),
			accuracy: () => accuracyOf(0),
		});
		expect(conclusion.winner?.candidate).toEqual(testCandidate);
	});

	it("measures the baseline when there is nothing to compare it with", () => {
		const { conclusion, steps } = explore(plainWorld, {
			space: { baseline: testCandidate, stages: [] },
		});
		expect(steps).toHaveLength(2);
		expect(conclusion.winner?.candidate).toEqual(testCandidate);
	});
});

describe("the search space", () => {
	it("leaves alone what somebody decided", () => {
		const pinned = new Set<CandidateField>(["threads", "kvType"]);
		const { conclusion } = explore(plainWorld, {
			space: spaceOf(["Q8_0"], pinned),
		});
		for (const { candidate } of conclusion.verdicts)
			expect(candidate).toMatchObject({ threads: 4, kvType: "f16" });
		expect(conclusion.verdicts.length).toBeGreaterThan(5);
	});

	it("never asks for quantised values in the cache without flash attention", () => {
		fc.assert(
			fc.property(fc.nat(), (seed) => {
				const { conclusion } = explore(randomWorld(seed, 0.1));
				for (const { candidate } of conclusion.verdicts)
					expect(
						candidate.kvType === "q8_0" && candidate.flashAttention === "off",
					).toBe(false);
			}),
		);
	});
});
