import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	type EndedSequence,
	Scheduler,
	type SchedulerLimits,
	type StepPlan,
} from "./scheduler.ts";
import type { Sequence, SequenceSpec } from "./sequence.ts";

const endOfGeneration = 2;

function createScheduler(limits: Partial<SchedulerLimits> = {}): Scheduler {
	return new Scheduler({
		contextLength: 64,
		maxSequences: 4,
		maxBatchTokens: 16,
		maxLogitRows: 16,
		kvCells: 256,
		endOfGenerationTokens: new Set([endOfGeneration]),
		...limits,
	});
}

function spec(
	promptLength: number,
	more: Partial<SequenceSpec> = {},
): SequenceSpec {
	return {
		request: 0,
		choice: 0,
		promptTokens: Int32Array.from(
			{ length: promptLength },
			(_, index) => 10 + index,
		),
		maxTokens: null,
		minTokens: 0,
		stopTokenIds: new Set(),
		wantsPromptLogits: false,
		priority: 0,
		...more,
	};
}

/** Runs one step with the same token sampled everywhere. */
function step(
	scheduler: Scheduler,
	token = 7,
): { plan: StepPlan; ended: EndedSequence[] } {
	const plan = scheduler.plan();
	return {
		plan,
		ended: scheduler.commit(
			plan,
			plan.entries.map(() => token),
		),
	};
}

const shape = ({ entries }: StepPlan) =>
	entries.map(({ slot, from, count, samples }) => ({
		slot,
		from,
		count,
		samples,
	}));

describe("Scheduler", () => {
	test("an empty plan when there is nothing to do", () => {
		expect(createScheduler().plan()).toMatchObject({
			entries: [],
			tokenCount: 0,
			started: [],
			dropped: [],
		});
	});

	test("a prompt longer than the step budget is computed in chunks, and samples only at its end", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(36));
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 0, count: 16, samples: false },
		]);
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 16, count: 16, samples: false },
		]);
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 32, count: 4, samples: true },
		]);
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 36, count: 1, samples: true },
		]);
	});

	test("decoding sequences come first and a newcomer's prompt takes what is left of the budget", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(3, { request: 1 }));
		scheduler.submit(spec(3, { request: 2 }));
		step(scheduler);
		scheduler.submit(spec(40, { request: 3 }));
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 3, count: 1, samples: true },
			{ slot: 1, from: 3, count: 1, samples: true },
			{ slot: 2, from: 0, count: 14, samples: false },
		]);
	});

	test("two prompts share the budget, and the short one is done first", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(40, { request: 1 }));
		scheduler.submit(spec(6, { request: 2 }));
		expect(shape(step(scheduler).plan)).toEqual([
			{ slot: 0, from: 0, count: 10, samples: false },
			{ slot: 1, from: 0, count: 6, samples: true },
		]);
	});

	test("more requests than slots wait, in order of priority and arrival", () => {
		const scheduler = createScheduler({ maxSequences: 1 });
		scheduler.submit(spec(2, { request: 1, maxTokens: 1 }));
		scheduler.submit(spec(2, { request: 2, maxTokens: 1 }));
		scheduler.submit(spec(2, { request: 3, maxTokens: 1, priority: -1 }));
		const order = [1, 2, 3].map(
			() => step(scheduler).ended[0]?.sequence.spec.request,
		);
		expect(order).toEqual([3, 1, 2]);
	});

	test("an end-of-generation token ends a sequence and is not part of it", () => {
		const scheduler = createScheduler();
		const sequence = scheduler.submit(spec(3));
		const { ended } = step(scheduler, endOfGeneration);
		expect(ended).toEqual([
			{ sequence, reason: "stop", stopToken: endOfGeneration },
		]);
		expect(sequence.generatedTokens).toBe(0);
	});

	test("stop tokens end a sequence only after minTokens", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(3, { stopTokenIds: new Set([9]), minTokens: 2 }));
		expect(step(scheduler, 9).ended).toEqual([]);
		expect(step(scheduler, 9).ended).toEqual([]);
		expect(step(scheduler, 9).ended).toMatchObject([
			{ reason: "stop", stopToken: 9 },
		]);
	});

	test("maxTokens and the context's end give length, with the last token kept", () => {
		const scheduler = createScheduler({ contextLength: 8 });
		const limited = scheduler.submit(spec(3, { maxTokens: 2 }));
		const full = scheduler.submit(spec(5, { request: 1 }));
		step(scheduler);
		expect(step(scheduler).ended).toMatchObject([
			{ sequence: limited, reason: "length", stopToken: null },
		]);
		expect(step(scheduler).ended).toMatchObject([
			{ sequence: full, reason: "length" },
		]);
		expect([limited.generatedTokens, full.length]).toEqual([2, 8]);
	});

	test("a cancelled sequence leaves with the next plan and its slot is released before it is used again", () => {
		const scheduler = createScheduler({ maxSequences: 1 });
		const first = scheduler.submit(spec(3));
		const second = scheduler.submit(spec(3, { request: 1 }));
		step(scheduler);
		scheduler.cancel(first);
		const { plan } = step(scheduler);
		expect(plan).toMatchObject({
			dropped: [first],
			releasedSlots: [0],
			started: [second],
		});
	});

	test("a prompt that could never fit is refused with both counts", () => {
		expect(() => createScheduler().submit(spec(64))).toThrow(
			/64 tokens, but at most 63/,
		);
		expect(() => createScheduler({ kvCells: 16 }).submit(spec(20))).toThrow(
			/20 tokens, but at most 15/,
		);
		expect(() => createScheduler().submit(spec(0))).toThrow(/no tokens/);
	});

	test("a step that was not computed is planned again", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(20));
		step(scheduler);
		const lost = scheduler.plan();
		scheduler.rollback(lost);
		expect(shape(scheduler.plan())).toEqual(shape(lost));
	});

	test("when cells run out the youngest goes back to the queue with its tokens, and ends all the same", () => {
		const scheduler = createScheduler({ kvCells: 24, maxSequences: 2 });
		const old = scheduler.submit(spec(8, { request: 1, maxTokens: 10 }));
		const young = scheduler.submit(spec(8, { request: 2, maxTokens: 10 }));
		const ended: Sequence[] = [];
		for (let steps = 0; steps < 60 && ended.length < 2; steps++) {
			ended.push(...step(scheduler).ended.map(({ sequence }) => sequence));
			scheduler.checkIntegrity();
		}
		expect(ended).toEqual([old, young]);
		expect([old.preemptions, young.preemptions]).toEqual([0, 1]);
		expect(young.generatedTokens).toBe(10);
	});

	test("prompt logits are rationed by rows and every position is computed once", () => {
		const scheduler = createScheduler({ maxLogitRows: 5 });
		scheduler.submit(spec(12, { wantsPromptLogits: true }));
		const counts: number[] = [];
		for (let steps = 0; steps < 4; steps++)
			counts.push(...step(scheduler).plan.entries.map(({ count }) => count));
		expect(counts).toEqual([4, 4, 4, 1]);
	});
});

type Action =
	| {
			kind: "submit";
			promptLength: number;
			maxTokens: number | null;
			priority: number;
			prompt: boolean;
	  }
	| { kind: "cancel"; which: number }
	| { kind: "step"; token: number }
	| { kind: "lose" }
	| { kind: "noSpace" };

const anyAction: fc.Arbitrary<Action> = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({
			kind: fc.constant("submit" as const),
			promptLength: fc.integer({ min: 1, max: 40 }),
			maxTokens: fc.option(fc.integer({ min: 1, max: 20 })),
			priority: fc.integer({ min: -1, max: 1 }),
			prompt: fc.boolean(),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant("cancel" as const),
			which: fc.nat(50),
		}),
	},
	{
		weight: 8,
		arbitrary: fc.record({
			kind: fc.constant("step" as const),
			token: fc.integer({ min: 2, max: 9 }),
		}),
	},
	{ weight: 1, arbitrary: fc.constant({ kind: "lose" as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: "noSpace" as const }) },
);

const anyLimits = fc.record({
	contextLength: fc.constant(48),
	maxSequences: fc.integer({ min: 1, max: 6 }),
	maxBatchTokens: fc.integer({ min: 8, max: 32 }),
	maxLogitRows: fc.integer({ min: 8, max: 32 }),
	kvCells: fc.integer({ min: 48, max: 200 }),
});

/** What the engine's cache must hold: checks that every step continues exactly where the cells of its slot end. */
class CellBook {
	readonly cells = new Map<number, number>();

	apply(plan: StepPlan): void {
		for (const slot of plan.releasedSlots) this.cells.set(slot, 0);
		for (const { slot, from, count } of plan.entries) {
			expect(from).toBe(this.cells.get(slot) ?? 0);
			this.cells.set(slot, from + count);
		}
	}

	undo(plan: StepPlan): void {
		for (const { slot, from } of plan.entries) this.cells.set(slot, from);
	}
}

function checkPlan(plan: StepPlan, limits: SchedulerLimits): void {
	expect(plan.tokenCount).toBeLessThanOrEqual(limits.maxBatchTokens);
	expect(new Set(plan.entries.map(({ slot }) => slot)).size).toBe(
		plan.entries.length,
	);
	for (const { sequence, count, from } of plan.entries) {
		expect(count).toBeGreaterThan(0);
		expect(from + count).toBeLessThanOrEqual(sequence.length);
		expect(sequence.cancelled).toBe(false);
	}
}

test("property: any order of arrivals, cancels, lost steps and full caches keeps the books and ends every sequence once", () => {
	fc.assert(
		fc.property(
			anyLimits,
			fc.array(anyAction, { maxLength: 120 }),
			(someLimits, actions) => {
				const scheduler = createScheduler(someLimits);
				const { limits } = scheduler;
				const book = new CellBook();
				const submitted: Sequence[] = [];
				const terminal = new Map<Sequence, number>();
				const ends = (sequence: Sequence) =>
					terminal.set(sequence, (terminal.get(sequence) ?? 0) + 1);

				const runStep = (token: number, outcome: "ok" | "lose" | "noSpace") => {
					const plan = scheduler.plan();
					for (const sequence of plan.dropped) ends(sequence);
					book.apply(plan);
					checkPlan(plan, limits);
					if (outcome === "ok") {
						for (const { sequence } of scheduler.commit(
							plan,
							plan.entries.map(() => token),
						))
							ends(sequence);
					} else {
						scheduler.rollback(plan);
						book.undo(plan);
						if (outcome === "noSpace") scheduler.preemptAllButOldest();
					}
					scheduler.checkIntegrity();
					return plan;
				};

				for (const action of actions) {
					if (action.kind === "submit") {
						const { promptLength, maxTokens, priority, prompt } = action;
						submitted.push(
							scheduler.submit(
								spec(promptLength, {
									request: submitted.length,
									maxTokens,
									priority,
									wantsPromptLogits: prompt,
								}),
							),
						);
					} else if (action.kind === "cancel") {
						const sequence =
							submitted[action.which % Math.max(1, submitted.length)];
						if (sequence !== undefined && !terminal.has(sequence))
							scheduler.cancel(sequence);
					} else {
						runStep(
							action.kind === "step" ? action.token : 5,
							action.kind === "step" ? "ok" : action.kind,
						);
					}
				}
				// No starvation: with nothing new coming, the rest ends within the steps that computing it one by one would take.
				const bound = submitted.length * (limits.contextLength * 2 + 2);
				for (let steps = 0; steps <= bound; steps++)
					if (runStep(5, "ok").entries.length === 0) break;
				expect(submitted.map((sequence) => terminal.get(sequence))).toEqual(
					submitted.map(() => 1),
				);
				expect([
					scheduler.runningCount,
					scheduler.waitingCount,
					scheduler.usedCells,
				]).toEqual([0, 0, 0]);
			},
		),
		{ numRuns: 300 },
	);
});

test("slots are given out lowest first, and a step lists its entries by slot", () => {
	const scheduler = createScheduler({ maxSequences: 3 });
	const first = scheduler.submit(spec(2, { request: 1 }));
	scheduler.submit(spec(2, { request: 2, maxTokens: 3 }));
	scheduler.submit(spec(2, { request: 3 }));
	step(scheduler);
	scheduler.cancel(first);
	step(scheduler);
	scheduler.submit(spec(2, { request: 4 }));
	// The newcomer prefills in slot 0 while slots 1 and 2 decode.
	expect(
		shape(step(scheduler).plan).map(({ slot, count }) => [slot, count]),
	).toEqual([
		[0, 2],
		[1, 1],
		[2, 1],
	]);
	step(scheduler);
	// Slot 1 has ended: the next one takes it.
	const next = scheduler.submit(spec(2, { request: 5 }));
	step(scheduler);
	expect(next.slot).toBe(1);
});
