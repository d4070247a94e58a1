import { GalleyError } from "../core/errors.ts";
import { AdapterTurns } from "./adapter-turns.ts";
import { Admission, type AwaitedPrefix } from "./admission.ts";
import { verifyDraft } from "./draft-length.ts";
import { KvLedger } from "./kv-ledger.ts";
import { SavedPrefixes } from "./saved-prefixes.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import { Sequence, type SequenceSpec, type WaitReason } from "./sequence.ts";
import { StepBuilder } from "./step-builder.ts";
import { StepCost } from "./step-cost.ts";
import type { EndedSequence, PlanEntry, StepPlan } from "./step-plan.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** An adapter keeps the engine for so many steps while others wait for it, */
const stepsPerTurn = 16;
/** or for this part of them when it has but few of the running sequences: full steps earn more. */
const leastTurnWeight = 0.25;
/** Is no guess either. */
const noToken = -1;

/**
 * Continuous batching, pure: state in, decision out; it knows no engine, no clock and no text. `plan` decides a step,
 * the engine runs it, `commit` takes the sampled tokens. DESIGN.md has states and invariants; the numbers in the comments
 * are those of its decision tree.
 */
export class Scheduler {
	readonly limits: SchedulerLimits;
	readonly ledger: KvLedger;
	readonly saved: SavedPrefixes;
	readonly #queue = new WaitingQueue();
	readonly #stepCost: StepCost;
	readonly #builder: StepBuilder;
	readonly #admission: Admission;
	readonly #adapterTurns = new AdapterTurns(stepsPerTurn);
	#running: Sequence[] = [];
	#arrivals = 0;
	#preemptions = 0;
	constructor(
		limits: SchedulerLimits,
		stepCost: StepCost = new StepCost(),
		saved: SavedPrefixes = new SavedPrefixes(limits.costs),
	) {
		this.limits = limits;
		this.#stepCost = stepCost;
		this.saved = saved;
		this.ledger = new KvLedger({
			layout: limits.kvLayout,
			slots: limits.slots,
			kvCells: limits.kvCells,
			maxIdleCells: limits.maxIdleCells,
			sharesPrefixes: limits.sharesPrefixes,
			savesPrefixes: limits.savesPrefixes,
			saved,
			costs: limits.costs,
		});
		this.#admission = new Admission(limits, this.ledger, this.#queue);
		this.#builder = new StepBuilder(limits, stepCost);
	}

	get runningCount(): number {
		return this.#running.length;
	}

	get waitingCount(): number {
		return this.#queue.length;
	}

	get running(): readonly Sequence[] {
		return this.#running;
	}

	get waiting(): readonly Sequence[] {
		return this.#queue.sequences;
	}

	/** Sequences sent back to the queue so far. */
	get preemptionCount(): number {
		return this.#preemptions;
	}

	waitingFor(): Record<WaitReason, number> {
		const counts = { slot: 0, memory: 0, prefix: 0 };
		for (const { waitsFor } of this.#queue.sequences) counts[waitsFor]++;
		return counts;
	}

	/** What those that wait for a prefix will have in common. */
	get awaiting(): AwaitedPrefix {
		return this.#admission.awaiting;
	}

	/** What a step may take while those that decode now do. */
	targetSeconds(): number {
		const cells = this.ledger.distinctRunningCells;
		return this.#builder.targetSeconds(this.#running, cells);
	}

	/** A computed step took so long: later ones are planned by it. Call it before `commit`. */
	learn({ entries }: StepPlan, seconds: number): void {
		const cells = this.ledger.distinctRunningCells;
		this.#stepCost.observe(this.#builder.workOf(entries, cells), seconds);
	}

	/** Refuses at the door what could never run. */
	submit(spec: SequenceSpec): Sequence {
		const { mostTokens } = this;
		if (spec.promptTokens.length === 0)
			throw new GalleyError("invalid_request", "The prompt has no tokens.");
		if (spec.promptTokens.length >= mostTokens) {
			throw new GalleyError(
				"context_length_exceeded",
				`The prompt has ${spec.promptTokens.length} tokens, but at most ${mostTokens - 1} fit together with one generated token.`,
			);
		}
		const sequence = new Sequence(spec, this.#arrivals++, mostTokens);
		this.#queue.enter(sequence);
		return sequence;
	}

	cancel(sequence: Sequence): void {
		sequence.cancelled = true;
	}

	/** Decides the next step. An empty plan means that there is nothing to compute. */
	plan(): StepPlan {
		const dropped = this.#dropCancelled(); // 1
		this.#preemptForDecode(); // 2
		const started = this.#admit(); // 3
		const adapter = this.#chooseAdapter(); // 4
		const entries = this.#builder.build(
			this.#running.filter(({ spec }) => spec.adapter === adapter),
			this.ledger.availableCells,
			this.ledger.distinctRunningCells,
		); // 5, 6, 7
		// Engines that keep a stream of cells for each slot compute neighbouring slots together, and split a step that
		// lists them in any other order.
		entries.sort((a, b) => a.slot - b.slot);
		const tokenCount = entries.reduce((tokens, { count }) => tokens + count, 0);
		this.ledger.makeRoom(tokenCount);
		const operations = this.ledger.takeOperations();
		return { operations, entries, tokenCount, adapter, started, dropped };
	}

	/**
	 * Takes a step's outcome. `sample(entry, index)` gives the token sampled from the logits of the entry's token `index`;
	 * it is called in order, for a drafting entry only as long as the guesses were right, and never past a sequence's end; null
	 * cancels a sequence that can't go on. `isComplete` tells whether nothing may follow a token that was sampled just now.
	 * Returns the sequences that ended with it.
	 */
	commit(
		plan: StepPlan,
		sample: (entry: PlanEntry, index: number) => number | null,
		isComplete: (sequence: Sequence) => boolean = () => false,
	): EndedSequence[] {
		const ended: EndedSequence[] = [];
		for (const entry of plan.entries) {
			const { sequence } = entry;
			const end = this.#commitEntry(entry, sample, isComplete);
			if (end === null) continue;
			ended.push(end);
			this.#admission.learn(sequence.generatedTokens);
			this.#leave(sequence);
			this.#queue.end(sequence);
			this.#builder.forget(sequence);
		}
		return ended;
	}

	/** The step was not computed (aborted, or the cache had no room): what it began must be removed from the engine. */
	rollback(plan: StepPlan): void {
		for (const { slot, from } of plan.entries) this.ledger.forget(slot, from);
	}

	/** The engine found no room although the books had: everybody but the oldest goes back to the queue, tokens kept. */
	preemptAllButOldest(): void {
		const oldest = this.#running.reduce<Sequence | null>(
			(best, s) => (best === null || isBefore(s, best) ? s : best),
			null,
		);
		for (const sequence of [...this.#running])
			if (sequence !== oldest) this.#preempt(sequence);
	}

	/** Everybody stops where they are, tokens kept, for another scheduler to `adopt` them; what they hold stays cached. */
	evacuate(): readonly Sequence[] {
		for (const sequence of [...this.#running]) this.#preempt(sequence);
		return this.#queue.sequences;
	}

	/** Takes over what another scheduler had. */
	adopt(sequences: readonly Sequence[]): void {
		for (const sequence of sequences) this.#queue.enter(sequence);
		for (const { arrival } of sequences)
			this.#arrivals = Math.max(this.#arrivals, arrival + 1);
	}

	/** A saved state was gone when it was wanted: its sequence goes back to the queue and computes its prompt. */
	restoreFailed(slot: number, savedId: number | null): void {
		if (savedId !== null) this.saved.remove(savedId);
		const sequence = this.#running.find((other) => other.slot === slot);
		if (sequence === undefined) return;
		sequence.computedTokens = 0;
		sequence.cachedTokens = 0;
		this.ledger.failRestore(slot);
		sequence.slot = null;
		this.#requeue(sequence);
	}

	/** Throws when the books do not balance; called when the loop goes idle. */
	checkIntegrity(): void {
		this.ledger.checkIntegrity();
		const slots = this.#running.map(({ slot }) => slot);
		if (
			slots.includes(null) ||
			new Set(slots).size !== slots.length ||
			slots.length > this.limits.maxSequences
		)
			throw new Error(`Slots do not add up: ${slots.join(" ")}.`);
		for (const sequence of this.#queue.sequences)
			if (sequence.slot !== null || sequence.computedTokens !== 0)
				throw new Error("A waiting sequence holds cells.");
		const computed = this.#running.reduce(
			(sum, { computedTokens }) => sum + computedTokens,
			0,
		);
		if (this.ledger.runningCells > computed)
			throw new Error(
				`Running sequences hold ${this.ledger.runningCells} cells and have computed ${computed} tokens.`,
			);
	}

	/** Tokens that one sequence may have. */
	get mostTokens(): number {
		const { contextLength, kvCells } = this.limits;
		return Math.min(contextLength, kvCells);
	}

	#dropCancelled(): Sequence[] {
		const dropped = [...this.#queue.sequences, ...this.#running].filter(
			(sequence) => sequence.cancelled,
		);
		for (const sequence of dropped) {
			if (sequence.slot !== null) this.#leave(sequence);
			this.#queue.end(sequence);
			this.#builder.forget(sequence);
		}
		return dropped;
	}

	#chooseAdapter(): string {
		const runnable = new Map<string, number>();
		for (const { spec } of this.#running)
			runnable.set(spec.adapter, (runnable.get(spec.adapter) ?? 0) + 1);
		const most = Math.max(...runnable.values());
		const adapter = this.#adapterTurns.choose(
			[...runnable].map(([name, runnableSequences]) => ({
				adapter: name,
				runnableSequences,
				weight: Math.max(leastTurnWeight, runnableSequences / most),
			})),
		);
		if (adapter !== null) this.#adapterTurns.serve(1);
		return adapter ?? "";
	}

	/** Every decoding sequence takes one cell a step: make room by sending the youngest of the lowest priority back. */
	#preemptForDecode(): void {
		if (this.limits.kvLayout === "streams") return;
		const wanted = () =>
			this.#running.filter((sequence) => sequence.isDecoding).length;
		// One cell more, so that a prompt which is all alone gets on as well.
		while (
			this.#running.length > 1 &&
			this.ledger.availableCells < Math.max(1, wanted())
		) {
			const last = this.#running.reduce((worst, sequence) =>
				isBefore(worst, sequence) ? sequence : worst,
			);
			this.#preempt(last);
		}
	}

	#admit(): Sequence[] {
		const started: Sequence[] = [];
		const admitted = this.#admission.admit(this.#running);
		for (const sequence of admitted) {
			this.#running.push(sequence);
			if (sequence.preemptions === 0) started.push(sequence);
		}
		return started;
	}

	#commitEntry(
		entry: PlanEntry,
		sample: (entry: PlanEntry, index: number) => number | null,
		isComplete: (sequence: Sequence) => boolean,
	): EndedSequence | null {
		const { sequence, slot, from, count, draft, padding } = entry;
		const own = count - draft.length - padding;
		const computeTo = (length: number) => {
			sequence.computedTokens = length;
			this.ledger.extend(slot, sequence.tokens, from, length, entry.isPrefill);
		};
		if (!entry.samples || sequence.cancelled) {
			computeTo(from + own);
			if (own < count) this.ledger.forget(slot, from + own);
			return null;
		}
		let end: EndedSequence | null = null;
		const emitted = verifyDraft(
			draft,
			(index) => {
				const token = sample(entry, own - 1 + index);
				if (token === null) {
					sequence.cancelled = true;
					return noToken;
				}
				end = this.#accept(sequence, token, isComplete);
				return token;
			},
			() => end !== null,
		);
		// The last of them was sampled and not computed.
		const accepted = emitted.length - 1;
		computeTo(from + own + accepted);
		if (own + accepted < count) this.ledger.forget(slot, from + own + accepted);
		this.#queue.charge(sequence, 1 + accepted);
		if (!entry.isPrefill)
			this.#builder.heardDraft(sequence, draft.length, accepted);
		return end;
	}

	#accept(
		sequence: Sequence,
		token: number,
		isComplete: (sequence: Sequence) => boolean,
	): EndedSequence | null {
		const { spec } = sequence;
		const generated = sequence.generatedTokens + 1;
		const stops =
			this.limits.endOfGenerationTokens.has(token) ||
			spec.stopTokenIds.has(token);
		// The loop masks end-of-generation tokens where they must not be sampled, so one seen here ends the sequence.
		if (stops && generated > spec.minTokens)
			return { sequence, reason: "stop", stopToken: token };
		sequence.append(token);
		if (isComplete(sequence))
			return { sequence, reason: "stop", stopToken: null };
		const isFull =
			generated === spec.maxTokens || sequence.length >= this.mostTokens;
		return isFull ? { sequence, reason: "length", stopToken: null } : null;
	}

	/** Tokens are kept; cells stay cached as long as nobody needs them. */
	#preempt(sequence: Sequence): void {
		this.#leave(sequence);
		this.#requeue(sequence);
	}

	#requeue(sequence: Sequence): void {
		this.#running = this.#running.filter((other) => other !== sequence);
		sequence.computedTokens = 0;
		sequence.preemptions++;
		this.#preemptions++;
		this.#queue.putBack(sequence);
	}

	#leave(sequence: Sequence): void {
		this.#running = this.#running.filter((other) => other !== sequence);
		if (sequence.slot === null) return;
		this.ledger.close(sequence.slot, sequence.tokens, sequence.computedTokens);
		sequence.slot = null;
	}
}

/** Whether `a` runs before `b`. */
function isBefore(a: Sequence, b: Sequence): boolean {
	return a.spec.priority !== b.spec.priority
		? a.spec.priority < b.spec.priority
		: a.arrival < b.arrival;
}
