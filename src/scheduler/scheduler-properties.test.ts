import fc from "fast-check";
import { expect, test } from "vitest";
import { Scheduler } from "./scheduler.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence } from "./sequence.ts";
import { StepCost } from "./step-cost.ts";
import type { StepPlan } from "./step-plan.ts";
import { freeCopies } from "./testing/free-copies.ts";
import { MemoryBook } from "./testing/memory-book.ts";

const contextLength = 48;

type Event =
	| {
			kind: "arrive";
			/** Two system prompts, and questions that share their beginnings. */
			system: number;
			systemLength: number;
			question: number;
			questionLength: number;
			choices: number;
			maxTokens: number | null;
			priority: number;
			tenant: number;
			adapter: number;
			wantsPromptLogits: boolean;
	  }
	| { kind: "cancel"; which: number }
	| { kind: "step"; token: number }
	| { kind: "abort" }
	| { kind: "noSpace" }
	| { kind: "loseState" };

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant("arrive" as const),
			system: fc.nat(1),
			systemLength: fc.integer({ min: 0, max: 20 }),
			question: fc.nat(3),
			questionLength: fc.integer({ min: 1, max: 20 }),
			choices: fc.constantFrom(1, 1, 1, 3),
			maxTokens: fc.option(fc.integer({ min: 1, max: 20 })),
			priority: fc.constantFrom(0, 0, 0, -1, 1),
			tenant: fc.nat(2),
			adapter: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
			wantsPromptLogits: fc.constantFrom(false, false, false, true),
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
		weight: 9,
		arbitrary: fc.record({
			kind: fc.constant("step" as const),
			token: fc.integer({ min: 2, max: 5 }),
		}),
	},
	{ weight: 1, arbitrary: fc.constant({ kind: "abort" as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: "noSpace" as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: "loseState" as const }) },
);

const anyLimits = fc
	.record({
		kvLayout: fc.constantFrom("unified" as const, "streams" as const),
		maxSequences: fc.integer({ min: 1, max: 5 }),
		spareSlots: fc.nat(6),
		poolCells: fc.integer({ min: contextLength, max: 160 }),
		maxIdleCells: fc.nat(120),
		maxBatchTokens: fc.integer({ min: 8, max: 32 }),
		maxLogitRows: fc.integer({ min: 8, max: 32 }),
		sharesPrefixes: fc.constantFrom(true, true, true, false),
		savesPrefixes: fc.boolean(),
		speculates: fc.boolean(),
		attentionTile: fc.constantFrom(0, 8),
		targetStepSeconds: fc.constantFrom(null, 0.012, 0.03),
		expectedTokens: fc.integer({ min: 1, max: 20 }),
		maxAdapters: fc.integer({ min: 1, max: 4 }),
	})
	.map(
		({ spareSlots, poolCells, ...limits }): SchedulerLimits => ({
			...limits,
			contextLength,
			slots:
				limits.maxSequences + (limits.kvLayout === "unified" ? spareSlots : 0),
			kvCells:
				limits.kvLayout === "unified"
					? poolCells
					: contextLength * limits.maxSequences,
			endOfGenerationTokens: new Set([2]),
			leastSharedTokens: 4,
			costs: freeCopies,
		}),
	);

function promptOf(event: Extract<Event, { kind: "arrive" }>): Int32Array {
	const tokens: number[] = [];
	for (let index = 0; index < event.systemLength; index++)
		tokens.push(1000 * (event.system + 1) + index);
	for (let index = 0; index < event.questionLength; index++)
		tokens.push(10 + ((index * (event.question + 1)) % 7));
	return Int32Array.from(tokens);
}

/** As of a machine that takes 10 ms a step and 1 ms a token: guesses and budgets are used from the first step on. */
function learnedStepCost(): StepCost {
	const stepCost = new StepCost();
	for (let tokens = 1; tokens <= 12; tokens++)
		stepCost.observe(
			{
				prefillTokens: tokens % 2 === 0 ? 4 * tokens : 0,
				decodeTokens: tokens,
				attendedCells: 10 * tokens,
				tiledCells: 0,
			},
			0.01 + 0.0002 * tokens + (tokens % 2 === 0 ? 0.004 * tokens : 0),
		);
	return stepCost;
}

/** Plays events against a scheduler and a strict memory, and counts how often each sequence ends. */
class Play {
	readonly scheduler: Scheduler;
	readonly submitted: Sequence[] = [];
	readonly terminal = new Map<Sequence, number>();
	readonly #limits: SchedulerLimits;
	readonly #book: MemoryBook;

	constructor(limits: SchedulerLimits) {
		this.#limits = limits;
		this.scheduler = new Scheduler(limits, learnedStepCost());
		this.#book = new MemoryBook(limits.kvLayout, limits.slots);
	}

	play(event: Event): void {
		switch (event.kind) {
			case "arrive":
				this.#arrive(event);
				break;
			case "cancel": {
				const which = event.which % Math.max(1, this.submitted.length);
				const sequence = this.submitted[which];
				if (sequence !== undefined && !this.terminal.has(sequence))
					this.scheduler.cancel(sequence);
				break;
			}
			case "step":
				this.step(event.token, "ok");
				break;
			case "loseState":
				this.#book.saved.clear();
				break;
			default:
				this.step(5, event.kind);
		}
	}

	/** Plans and computes a step; returns how many tokens it had. */
	step(token: number, outcome: "ok" | "abort" | "noSpace"): number {
		const plan = this.scheduler.plan();
		for (const sequence of plan.dropped) this.#end(sequence);
		if (this.#restoresFail(plan)) return 1;
		this.#book.apply(plan);
		this.#check(plan);
		if (outcome === "ok") {
			// Same token for everybody: sequences run into each other's cached tokens all the time.
			const ended = this.scheduler.commit(plan, ({ from }, index) =>
				(from + index) % 9 === 0 ? token : 3,
			);
			for (const { sequence } of ended) this.#end(sequence);
		} else {
			this.scheduler.rollback(plan);
			this.#book.undo(plan);
			if (outcome === "noSpace") this.scheduler.preemptAllButOldest();
		}
		this.scheduler.checkIntegrity();
		return plan.tokenCount;
	}

	/** With everything carried out, the memory holds what the books say. */
	settle(): void {
		const operations = this.scheduler.ledger.takeOperations();
		this.#book.operate(operations.filter(({ type }) => type !== "restore"));
		expect(this.#book.usedCells).toBe(this.scheduler.ledger.usedCells);
	}

	#arrive(event: Extract<Event, { kind: "arrive" }>): void {
		const { maxTokens, priority, tenant, adapter, wantsPromptLogits } = event;
		for (let choice = 0; choice < event.choices; choice++)
			this.submitted.push(
				this.scheduler.submit({
					request: this.submitted.length,
					choice,
					promptTokens: promptOf(event),
					maxTokens,
					minTokens: 0,
					stopTokenIds: new Set(),
					wantsPromptLogits: wantsPromptLogits && choice === 0,
					priority,
					tenant: `tenant ${tenant}`,
					adapter: adapter === 0 ? "" : `adapter ${adapter}`,
					namespace: `${adapter}`,
				}),
			);
	}

	#restoresFail(plan: StepPlan): boolean {
		const lost = plan.operations.filter(
			(operation) =>
				operation.type === "restore" && !this.#book.saved.has(operation.id),
		);
		if (lost.length === 0) return false;
		const failed = new Map<number, number | null>();
		const carriedOut = plan.operations.filter((operation) => {
			if (operation.type === "restore" && lost.includes(operation))
				failed.set(operation.slot, operation.id);
			if ("source" in operation && failed.has(operation.source))
				failed.set(operation.slot, null);
			return !failed.has(operation.slot) || operation.type === "remove";
		});
		this.#book.operate(carriedOut);
		for (const [slot, id] of failed) this.scheduler.restoreFailed(slot, id);
		return true;
	}

	#check(plan: StepPlan): void {
		const { maxBatchTokens, maxLogitRows, kvLayout, kvCells } = this.#limits;
		expect(plan.tokenCount).toBeLessThanOrEqual(maxBatchTokens);
		const slots = new Set(plan.entries.map(({ slot }) => slot));
		expect(slots.size).toBe(plan.entries.length);
		const held = this.scheduler.running.flatMap((one) => one.adapterIds);
		expect(new Set(held).size).toBeLessThanOrEqual(
			this.#limits.maxAdapters ?? 0,
		);
		let rows = 0;
		for (const { sequence, count, from, draft, ...entry } of plan.entries) {
			const own = count - entry.padding;
			expect(count).toBeGreaterThan(0);
			expect(from + own - draft.length).toBeLessThanOrEqual(sequence.length);
			expect(from + count).toBeLessThanOrEqual(contextLength);
			expect(sequence.cancelled).toBe(false);
			expect(sequence.spec.adapter).toBe(plan.adapter);
			rows += entry.wantsAllLogits
				? count
				: entry.samples
					? 1 + draft.length
					: 0;
		}
		expect(rows).toBeLessThanOrEqual(maxLogitRows);
		if (kvLayout === "unified")
			expect(this.#book.usedCells).toBeLessThanOrEqual(kvCells);
	}

	#end(sequence: Sequence): void {
		this.terminal.set(sequence, (this.terminal.get(sequence) ?? 0) + 1);
	}
}

test("property: whatever happens in whatever order, books and memory agree, every sequence ends once and nobody starves", () => {
	fc.assert(
		fc.property(
			anyLimits,
			fc.array(anyEvent, { maxLength: 80 }),
			(limits, events) => {
				const game = new Play(limits);
				for (const event of events) game.play(event);
				game.settle();
				// Nobody starves: with nothing new coming, the rest ends within the steps that computing one after the other takes.
				const bound = game.submitted.length * (contextLength * 2 + 2);
				let steps = 0;
				while (steps <= bound && game.step(5, "ok") > 0) steps++;
				expect(game.submitted.map((one) => game.terminal.get(one))).toEqual(
					game.submitted.map(() => 1),
				);
				const { runningCount, waitingCount, ledger } = game.scheduler;
				expect([runningCount, waitingCount, ledger.runningCells]).toEqual([
					0, 0, 0,
				]);
				game.settle();
			},
		),
		{ numRuns: 10_000 },
	);
}, 120_000);
