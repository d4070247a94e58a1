import { GalleyError } from "../core/errors.ts";
import { prefillShares } from "./prefill-shares.ts";
import { type EndReason, Sequence, type SequenceSpec } from "./sequence.ts";

export interface SchedulerLimits {
	/** Tokens one sequence may hold. */
	contextLength: number;
	maxSequences: number;
	/** Tokens one step may compute. */
	maxBatchTokens: number;
	/** Of those, how many may want logits: each costs a row of the vocabulary in memory. */
	maxLogitRows: number;
	/** Cells of the KV cache that all sequences share. */
	kvCells: number;
	endOfGenerationTokens: ReadonlySet<number>;
}

/** One sequence's part of a step: compute its tokens from `from` (inclusive) on, `count` of them. */
export interface PlanEntry {
	sequence: Sequence;
	slot: number;
	from: number;
	count: number;
	/** The entry reaches the sequence's last token: sample the next one from its logits. */
	samples: boolean;
	/** All positions want logits, not only the last. */
	wantsAllLogits: boolean;
}

export interface StepPlan {
	entries: readonly PlanEntry[];
	tokenCount: number;
	/** Sequences that take part for the first time. */
	started: readonly Sequence[];
	/** Engine slots whose cells must be removed before this step runs. */
	releasedSlots: readonly number[];
	/** Sequences that will not be heard of again: cancelled ones. */
	dropped: readonly Sequence[];
}

export interface EndedSequence {
	sequence: Sequence;
	reason: EndReason;
	/** The end-of-generation or stop token, which is not part of the text; null for length. */
	stopToken: number | null;
}

/**
 * Continuous batching, pure: state in, decision out; it knows no engine, no clock and no text. `plan` decides a step,
 * the engine runs it, `commit` takes the sampled tokens. DESIGN.md has states and invariants; the numbers in the comments
 * are those of its decision tree.
 */
export class Scheduler {
	readonly limits: SchedulerLimits;
	#waiting: Sequence[] = [];
	#running: Sequence[] = [];
	#freeSlots: number[];
	#arrivals = 0;
	#steps = 0;
	#released: number[] = [];
	#preemptions = 0;

	constructor(limits: SchedulerLimits) {
		this.limits = limits;
		this.#freeSlots = Array.from(
			{ length: limits.maxSequences },
			(_, index) => index,
		);
	}

	get runningCount(): number {
		return this.#running.length;
	}

	get waitingCount(): number {
		return this.#waiting.length;
	}

	/** Sequences sent back to the queue so far. */
	get preemptionCount(): number {
		return this.#preemptions;
	}

	get usedCells(): number {
		return this.#running.reduce(
			(cells, sequence) => cells + sequence.computedTokens,
			0,
		);
	}

	/** Refuses at the door what could never run. */
	submit(spec: SequenceSpec): Sequence {
		const room = Math.min(this.limits.contextLength, this.limits.kvCells);
		if (spec.promptTokens.length === 0)
			throw new GalleyError("invalid_request", "The prompt has no tokens.");
		if (spec.promptTokens.length >= room) {
			throw new GalleyError(
				"context_length_exceeded",
				`The prompt has ${spec.promptTokens.length} tokens, but at most ${room - 1} fit together with one generated token.`,
			);
		}
		const sequence = new Sequence(spec, this.#arrivals++, room);
		this.#enqueue(sequence);
		return sequence;
	}

	cancel(sequence: Sequence): void {
		sequence.cancelled = true;
	}

	/** Decides the next step. An empty plan means that there is nothing to compute. */
	plan(): StepPlan {
		const dropped = this.#dropCancelled(); // 1
		this.#preemptForDecode(); // 2
		const decoding = this.#running.filter((sequence) => sequence.isDecoding);
		const started = this.#admit(); // 3
		const entries = decoding.map((sequence) => entry(sequence, 1)); // 4
		const prefills = this.#planPrefills(decoding.length); // 5
		entries.push(...prefills);
		// Engines that keep a stream of cells for each slot compute neighbouring slots together, and split a step that
		// lists them in any other order; for the same reason the lowest free slot is given out first.
		entries.sort((a, b) => a.slot - b.slot);
		const releasedSlots = this.#released;
		this.#released = [];
		this.#steps++;
		const tokenCount = entries.reduce((tokens, { count }) => tokens + count, 0);
		return { entries, tokenCount, started, releasedSlots, dropped };
	}

	/**
	 * Takes a step's outcome: `sampled[i]` is the token sampled for `plan.entries[i]`, ignored where the entry does not
	 * sample. Returns the sequences that ended with it; their slots are released by the next plan.
	 */
	commit(plan: StepPlan, sampled: readonly number[]): EndedSequence[] {
		const ended: EndedSequence[] = [];
		plan.entries.forEach((entry, index) => {
			const { sequence } = entry;
			sequence.computedTokens = entry.from + entry.count;
			if (!entry.samples || sequence.cancelled) return;
			const token = sampled[index];
			if (token === undefined)
				throw new Error(`No token was sampled for entry ${index}.`);
			const end = this.#accept(sequence, token);
			if (end === null) return;
			ended.push(end);
			this.#leave(sequence);
		});
		return ended;
	}

	/** The step was not computed (aborted, or the cache had no room): its entries' positions are to be computed again. */
	rollback(plan: StepPlan): void {
		for (const { sequence, from } of plan.entries)
			sequence.computedTokens = from;
	}

	/** The engine found no room although the books had: everybody but the oldest goes back to the queue, tokens kept. */
	preemptAllButOldest(): void {
		const oldest = this.#running.reduce<Sequence | null>(
			(best, s) => (best === null || before(s, best) ? s : best),
			null,
		);
		for (const sequence of [...this.#running])
			if (sequence !== oldest) this.#preempt(sequence);
	}

	/** Throws when the books do not balance; called when the loop goes idle. */
	checkIntegrity(): void {
		const slots = [
			...this.#freeSlots,
			...this.#running.map((sequence) => sequence.slot),
		];
		if (
			new Set(slots).size !== this.limits.maxSequences ||
			slots.length !== this.limits.maxSequences
		) {
			throw new Error(
				`Slots do not add up: ${slots.join(" ")} of ${this.limits.maxSequences}.`,
			);
		}
		if (
			this.#waiting.some(
				(sequence) => sequence.slot !== null || sequence.computedTokens !== 0,
			)
		) {
			throw new Error("A waiting sequence holds cells.");
		}
		if (this.usedCells > this.limits.kvCells)
			throw new Error(
				`${this.usedCells} cells used of ${this.limits.kvCells}.`,
			);
	}

	#dropCancelled(): Sequence[] {
		const dropped = [...this.#waiting, ...this.#running].filter(
			(sequence) => sequence.cancelled,
		);
		if (dropped.length === 0) return dropped;
		this.#waiting = this.#waiting.filter((sequence) => !sequence.cancelled);
		for (const sequence of dropped)
			if (sequence.slot !== null) this.#leave(sequence);
		return dropped;
	}

	/** Every decoding sequence takes one cell a step: make room by sending the youngest of the lowest priority back. */
	#preemptForDecode(): void {
		const wanted = () =>
			this.#running.filter((sequence) => sequence.isDecoding).length;
		while (
			this.#running.length > 1 &&
			this.usedCells + wanted() > this.limits.kvCells
		) {
			const last = this.#running.reduce((worst, sequence) =>
				before(worst, sequence) ? sequence : worst,
			);
			this.#preempt(last);
		}
	}

	/** First come, first served within a priority; a sequence comes in when its tokens fit beside those that run. */
	#admit(): Sequence[] {
		const started: Sequence[] = [];
		let promised = this.#running.reduce(
			(cells, sequence) => cells + sequence.length + 1,
			0,
		);
		while (this.#waiting.length > 0 && this.#freeSlots.length > 0) {
			const sequence = this.#waiting[0] as Sequence;
			if (promised + sequence.length + 1 > this.limits.kvCells) break;
			promised += sequence.length + 1;
			this.#waiting.shift();
			sequence.slot = this.#freeSlots.shift() as number;
			this.#running.push(sequence);
			if (sequence.preemptions === 0) started.push(sequence);
		}
		return started;
	}

	#planPrefills(decodeTokens: number): PlanEntry[] {
		const prefilling = this.#running.filter((sequence) => !sequence.isDecoding);
		if (prefilling.length === 0) return [];
		const cells = this.limits.kvCells - this.usedCells - decodeTokens;
		const budget = Math.min(this.limits.maxBatchTokens - decodeTokens, cells);
		let logitRows = this.limits.maxLogitRows - decodeTokens - prefilling.length;
		const wants = prefilling.map((sequence) => {
			if (!sequence.spec.wantsPromptLogits) return sequence.tokensToCompute;
			const rows = Math.max(1, Math.min(sequence.tokensToCompute, logitRows));
			logitRows -= rows;
			return rows;
		});
		const shares = prefillShares(wants, budget, this.#steps);
		return prefilling
			.map((sequence, index) => entry(sequence, shares[index] ?? 0))
			.filter(({ count }) => count > 0);
	}

	#accept(sequence: Sequence, token: number): EndedSequence | null {
		const { spec } = sequence;
		const generated = sequence.generatedTokens + 1;
		const stops =
			this.limits.endOfGenerationTokens.has(token) ||
			spec.stopTokenIds.has(token);
		// The loop masks end-of-generation tokens where they must not be sampled, so one seen here ends the sequence.
		if (stops && generated > spec.minTokens)
			return { sequence, reason: "stop", stopToken: token };
		sequence.append(token);
		const room = Math.min(this.limits.contextLength, this.limits.kvCells);
		const isFull = generated === spec.maxTokens || sequence.length >= room;
		return isFull ? { sequence, reason: "length", stopToken: null } : null;
	}

	#enqueue(sequence: Sequence): void {
		const place = this.#waiting.findIndex((other) => before(sequence, other));
		if (place === -1) this.#waiting.push(sequence);
		else this.#waiting.splice(place, 0, sequence);
	}

	#preempt(sequence: Sequence): void {
		this.#leave(sequence);
		sequence.computedTokens = 0;
		sequence.preemptions++;
		this.#preemptions++;
		this.#enqueue(sequence);
	}

	#leave(sequence: Sequence): void {
		this.#running = this.#running.filter((other) => other !== sequence);
		if (sequence.slot === null) return;
		insertSorted(this.#freeSlots, sequence.slot);
		this.#released.push(sequence.slot);
		sequence.slot = null;
	}
}

function insertSorted(slots: number[], slot: number): void {
	const place = slots.findIndex((other) => other > slot);
	slots.splice(place === -1 ? slots.length : place, 0, slot);
}

/** Whether `a` runs before `b`. */
function before(a: Sequence, b: Sequence): boolean {
	return a.spec.priority !== b.spec.priority
		? a.spec.priority < b.spec.priority
		: a.arrival < b.arrival;
}

function entry(sequence: Sequence, count: number): PlanEntry {
	const from = sequence.computedTokens;
	return {
		sequence,
		slot: sequence.slot as number,
		from,
		count,
		samples: from + count === sequence.length,
		wantsAllLogits:
			sequence.spec.wantsPromptLogits && from < sequence.promptLength,
	};
}
