import { describe, expect, test } from "vitest";
import { Scheduler } from "./scheduler.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence, SequenceSpec } from "./sequence.ts";
import type { EndedSequence, StepPlan } from "./step-plan.ts";
import { freeCopies } from "./testing/free-copies.ts";

const endOfGeneration = 2;

function createScheduler(limits: Partial<SchedulerLimits> = {}): Scheduler {
	const { maxSequences = 4, kvLayout = "streams" } = limits;
	return new Scheduler({
		contextLength: 64,
		maxSequences,
		slots: kvLayout === "streams" ? maxSequences : 32,
		kvLayout,
		maxIdleCells: 128,
		maxBatchTokens: 16,
		maxLogitRows: 16,
		kvCells: 256,
		endOfGenerationTokens: new Set([endOfGeneration]),
		sharesPrefixes: true,
		savesPrefixes: false,
		leastSharedTokens: 4,
		speculates: false,
		attentionTile: 0,
		targetStepSeconds: null,
		costs: freeCopies,
		...limits,
	});
}

function spec(
	promptLength: number,
	more: Partial<SequenceSpec> = {},
): SequenceSpec {
	const { request = 0 } = more;
	return {
		request,
		choice: 0,
		// No two requests begin alike, unless a test says so.
		promptTokens: Int32Array.from(
			{ length: promptLength },
			(_, index) => 100 * (request + 1) + index,
		),
		maxTokens: null,
		minTokens: 0,
		stopTokenIds: new Set(),
		wantsPromptLogits: false,
		priority: 0,
		tenant: "",
		adapter: "",
		namespace: "",
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
		ended: scheduler.commit(plan, () => token),
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

	test("two prompts take turns, and the short one is done first", () => {
		const scheduler = createScheduler();
		scheduler.submit(spec(40, { request: 1 }));
		scheduler.submit(spec(6, { request: 2 }));
		const counts = [1, 2].map(() =>
			shape(step(scheduler).plan).map(({ slot, count }) => [slot, count]),
		);
		expect(counts).toEqual([
			[[0, 16]],
			[
				[0, 10],
				[1, 6],
			],
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
			operations: [{ type: "remove", slot: 0, from: 0 }],
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
		const scheduler = createScheduler({
			kvLayout: "unified",
			kvCells: 48,
			maxSequences: 2,
			// Newcomers are let in as if answers were short.
			expectedTokens: 1,
		});
		const old = scheduler.submit(spec(8, { request: 1, maxTokens: 30 }));
		const young = scheduler.submit(spec(8, { request: 2, maxTokens: 30 }));
		const ended: Sequence[] = [];
		for (let steps = 0; steps < 90 && ended.length < 2; steps++) {
			ended.push(...step(scheduler).ended.map(({ sequence }) => sequence));
			scheduler.checkIntegrity();
		}
		expect(ended).toEqual([old, young]);
		expect([old.preemptions, young.preemptions]).toEqual([0, 1]);
		expect(young.generatedTokens).toBe(30);
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
