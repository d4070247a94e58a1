import { Drafts } from "./drafts.ts";
import { prefillShares } from "./prefill-shares.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence } from "./sequence.ts";
import { attendedCells, type StepCost, type StepWork } from "./step-cost.ts";
import type { PlanEntry } from "./step-plan.ts";

/** Until a step's cost is known, prompts are computed in pieces of this size beside decoding sequences. */
const firstPrefillTokens = 32;
/** Prompts get on by at least so many tokens a step, even when decoding alone takes longer than it should. */
const leastPrefillTokens = 8;
/** A step in which nobody decodes may take so many times longer: only newcomers wait for it. */
const patienceWithoutDecoders = 5;
/** The default target: some times what decoding alone takes, and not less than what a reader notices. */
const targetOverDecode = 3;
const leastTargetSeconds = 0.1;

const noDraft = new Int32Array();

/** Fills one step: who decodes, what is guessed, and how much of which prompt is computed beside it. */
export class StepBuilder {
	readonly #limits: SchedulerLimits;
	readonly #stepCost: StepCost;
	readonly #drafts: Drafts;

	constructor(limits: SchedulerLimits, stepCost: StepCost) {
		this.#limits = limits;
		this.#stepCost = stepCost;
		this.#drafts = new Drafts(limits, stepCost);
	}

	/** Entries of the next step among sequences that may be computed together. */
	build(running: readonly Sequence[], availableCells: number): PlanEntry[] {
		const decoding = running.filter((sequence) => sequence.isDecoding);
		const prefilling = running.filter((sequence) => !sequence.isDecoding);
		const work = decodeWork(decoding);
		const room = {
			tokens: Math.min(this.#limits.maxBatchTokens, availableCells),
			rows: this.#limits.maxLogitRows,
		};
		room.tokens -= decoding.length;
		room.rows -= decoding.length;
		const prefills = this.#prefills(prefilling, work, room); // 6
		const drafts =
			prefills.length === 0
				? this.#drafts.propose(decoding, work, room) // 7
				: new Map<Sequence, Int32Array>();
		const decodes = decoding.map((sequence) =>
			entry(sequence, 1, drafts.get(sequence) ?? noDraft),
		); // 5
		return [...decodes, ...prefills];
	}

	/** What a step may take while these decode; seconds. */
	targetSeconds(running: readonly Sequence[]): number {
		return this.#target(
			decodeWork(running.filter((sequence) => sequence.isDecoding)),
		);
	}

	#target(work: StepWork): number {
		const { targetStepSeconds } = this.#limits;
		if (targetStepSeconds !== null) return targetStepSeconds;
		if (!this.#stepCost.isLearned) return leastTargetSeconds;
		return Math.max(
			leastTargetSeconds,
			targetOverDecode * this.#stepCost.predict(work),
		);
	}

	heardDraft(sequence: Sequence, drafted: number, accepted: number): void {
		this.#drafts.heard(sequence, drafted, accepted);
	}

	forget(sequence: Sequence): void {
		this.#drafts.forget(sequence);
	}

	#prefills(
		prefilling: readonly Sequence[],
		work: StepWork,
		room: { tokens: number; rows: number },
	): PlanEntry[] {
		if (prefilling.length === 0) return [];
		// By priority, then age.
		const inLine = prefilling.toSorted(
			(left, right) =>
				left.spec.priority - right.spec.priority ||
				left.arrival - right.arrival,
		);
		const budget = this.#prefillBudget(inLine, work, room.tokens);
		let rows = room.rows - inLine.length;
		const wants = inLine.map((sequence) => {
			if (!sequence.spec.wantsPromptLogits) return sequence.tokensToCompute;
			const most = Math.max(1, Math.min(sequence.tokensToCompute, rows));
			rows -= most;
			return most;
		});
		const shares = prefillShares(wants, budget);
		return inLine
			.map((sequence, index) => entry(sequence, shares[index] ?? 0, noDraft))
			.filter(({ count }) => count > 0);
	}

	/** As many prompt tokens as keep the step within its target, learned from the steps so far. */
	#prefillBudget(
		inLine: readonly Sequence[],
		work: StepWork,
		most: number,
	): number {
		const isDecoding = work.decodeTokens > 0;
		if (!this.#stepCost.isLearned)
			return Math.min(most, isDecoding ? firstPrefillTokens : most);
		const target = this.#target(work);
		const seconds = isDecoding ? target : target * patienceWithoutDecoders;
		const position = (inLine[0] as Sequence).computedTokens;
		const fitting = this.#stepCost.prefillTokensWithin(
			seconds,
			work,
			position,
			most,
		);
		return Math.min(most, Math.max(leastPrefillTokens, fitting));
	}
}

function decodeWork(decoding: readonly Sequence[]): StepWork {
	return {
		prefillTokens: 0,
		decodeTokens: decoding.length,
		attendedCells: decoding.reduce((sum, { length }) => sum + length, 0),
	};
}

/** The work of a whole step, to learn from what it took. */
export function workOf(entries: readonly PlanEntry[]): StepWork {
	const work = { prefillTokens: 0, decodeTokens: 0, attendedCells: 0 };
	for (const { from, count, isPrefill } of entries) {
		work.attendedCells += attendedCells(from, count);
		if (isPrefill) work.prefillTokens += count;
		else work.decodeTokens += count;
	}
	return work;
}

function entry(
	sequence: Sequence,
	ownCount: number,
	draft: Int32Array,
): PlanEntry {
	const from = sequence.computedTokens;
	return {
		sequence,
		slot: sequence.slot as number,
		from,
		count: ownCount + draft.length,
		samples: from + ownCount === sequence.length,
		wantsAllLogits:
			sequence.spec.wantsPromptLogits && from < sequence.promptLength,
		draft,
		isPrefill: !sequence.isDecoding,
	};
}
