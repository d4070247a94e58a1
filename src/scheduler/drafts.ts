import { DraftLength, planDrafts } from "./draft-length.ts";
import { PromptLookup } from "./prompt-lookup.ts";
import type { SchedulerLimits } from "./scheduler-limits.ts";
import type { Sequence } from "./sequence.ts";
import type { StepCost } from "./step-cost.ts";
import type { StepWork, TokenRun } from "./step-work.ts";

interface Guessing {
	lookup: PromptLookup;
	length: DraftLength;
}

/**
 * Guesses of what decoding sequences say next, looked up in their own text: as many as are expected to pay, measured
 * acceptance against learned step cost. `draft-length.ts` says why no text changes.
 */
export class Drafts {
	readonly #limits: SchedulerLimits;
	readonly #stepCost: StepCost;
	readonly #guessing = new Map<Sequence, Guessing>();

	constructor(limits: SchedulerLimits, stepCost: StepCost) {
		this.#limits = limits;
		this.#stepCost = stepCost;
	}

	/**
	 * `workOf` is what the step computes without guesses and with these tokens beside it, `room` what is left of it: tokens,
	 * and rows of logits.
	 */
	propose(
		decoding: readonly Sequence[],
		workOf: (runs: readonly TokenRun[]) => StepWork,
		room: { tokens: number; rows: number },
	): ReadonlyMap<Sequence, Int32Array> {
		const drafts = new Map<Sequence, Int32Array>();
		const mostTokens = Math.min(room.tokens, room.rows);
		if (!this.#limits.speculates || !this.#stepCost.isLearned) return drafts;
		if (mostTokens <= 0 || decoding.length === 0) return drafts;
		const chances = decoding.map((sequence) => {
			const { lookup, length } = this.#of(sequence);
			lookup.sync(sequence.tokens, sequence.length);
			const { acceptance, most } = length.consider(lookup.matchLength);
			return { acceptance, most: Math.min(most, this.#useful(sequence)) };
		});
		if (chances.every(({ most }) => most === 0)) return drafts;
		const baseSeconds = this.#stepCost.predict(workOf([]));
		// Whose guesses they are matters little for the price.
		const position = meanLength(decoding);
		const lengths = planDrafts(chances, {
			baseSeconds,
			addedSeconds: (tokens) =>
				this.#stepCost.predict(
					workOf([{ position, count: tokens, isPrefill: false }]),
				) - baseSeconds,
			decodingSequences: decoding.length,
			mostTokens,
		});
		decoding.forEach((sequence, index) => {
			const length = lengths[index] as number;
			if (length === 0) return;
			const guess = this.#of(sequence).lookup.propose(length);
			const fitting = sequence.spec.fittingTokens?.(guess) ?? guess.length;
			if (fitting > 0) drafts.set(sequence, guess.subarray(0, fitting));
		});
		return drafts;
	}

	/** Of every step in which a sequence decoded. */
	heard(sequence: Sequence, drafted: number, accepted: number): void {
		if (this.#limits.speculates)
			this.#of(sequence).length.observe(drafted, accepted);
	}

	forget(sequence: Sequence): void {
		this.#guessing.delete(sequence);
	}

	/** Beyond these, guesses could not become part of the answer. */
	#useful(sequence: Sequence): number {
		const { contextLength, kvCells } = this.#limits;
		const context = Math.min(contextLength, kvCells) - sequence.length - 1;
		const { maxTokens } = sequence.spec;
		const answer =
			maxTokens === null ? context : maxTokens - sequence.generatedTokens - 1;
		return Math.max(0, Math.min(context, answer));
	}

	#of(sequence: Sequence): Guessing {
		const known = this.#guessing.get(sequence);
		if (known !== undefined) return known;
		const guessing = { lookup: new PromptLookup(), length: new DraftLength() };
		this.#guessing.set(sequence, guessing);
		return guessing;
	}
}

function meanLength(sequences: readonly Sequence[]): number {
	const sum = sequences.reduce((total, { length }) => total + length, 0);
	return Math.round(sum / sequences.length);
}
