import { GrammarError } from "./grammar-error.ts";

export interface BudgetOptions {
	/** The most states that one automaton may have. */
	maxStates?: number;
	/** Elementary operations, over everything that is paid from this budget; a million take some 20 to 50 ms. */
	maxOperations?: number;
	/** Wall time, over everything that is paid from this budget. */
	maxMs?: number;
	now?: () => number;
}

/**
 * What building the automata of one constraint may cost. Operations are counted, so that the outcome is the same on every
 * machine; the wall clock is the second line of defence, and generous.
 */
export class Budget {
	readonly maxStates: number;
	readonly #maxMs: number;
	readonly #now: () => number;
	readonly #startedAt: number;
	#operationsLeft: number;
	#untilClock = clockInterval;

	constructor({
		maxStates = 20_000,
		maxOperations = 10_000_000,
		maxMs = 3_000,
		now = () => performance.now(),
	}: BudgetOptions = {}) {
		this.maxStates = maxStates;
		this.#maxMs = maxMs;
		this.#now = now;
		this.#startedAt = now();
		this.#operationsLeft = maxOperations;
	}

	/** Throws a GrammarError `too_large` when nothing is left. */
	spend(operations: number): void {
		this.#operationsLeft -= operations;
		this.#untilClock -= operations;
		if (this.#operationsLeft < 0) throw tooLarge();
		if (this.#untilClock > 0) return;
		this.#untilClock = clockInterval;
		if (this.#now() - this.#startedAt > this.#maxMs) throw tooLarge();
	}

	checkStates(states: number): void {
		if (states > this.maxStates) throw tooLarge();
	}
}

const clockInterval = 50_000;

const tooLarge = () =>
	new GrammarError(
		"too_large",
		"The constraint is too large: its patterns would need more states than one request may take. Use smaller repetition counts, or fewer nested repetitions and alternatives.",
	);
