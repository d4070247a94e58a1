import type { Budget } from "../budget.ts";
import { GrammarError } from "../grammar-error.ts";
import type { AutomatonData } from "./automaton-data.ts";

/** What stands in `edgeLow` for edges that read nothing. */
export const emptyEdge = -1;
export const startAssertion = -2;
export const endAssertion = -3;

/** NFA states that are allowed for each state that the result may have. */
const statesPerState = 10;

/**
 * A nondeterministic automaton over bytes while it is being put together. Fragments go between two given states: they only
 * add edges that leave `from` and edges that enter `to`, so fragments can be laid side by side and in a row.
 */
export class Nfa {
	readonly start = 0;
	readonly final = 1;
	/** First edge of each state that reads a byte, -1 for none; the edges of a state are a linked list. */
	readonly firstEdge: number[] = [-1, -1];
	/** The same for edges that read nothing. */
	readonly firstEmptyEdge: number[] = [-1, -1];
	readonly edgeLow: number[] = [];
	readonly edgeHigh: number[] = [];
	readonly edgeTo: number[] = [];
	readonly nextEdge: number[] = [];
	/** A state from which every continuation is accepted: sets that have it need nothing else. -1: none. */
	universal = -1;
	readonly #budget: Budget;

	constructor(budget: Budget) {
		this.#budget = budget;
	}

	get stateCount(): number {
		return this.firstEdge.length;
	}

	addState(): number {
		this.#budget.spend(2);
		this.firstEmptyEdge.push(-1);
		const state = this.firstEdge.push(-1) - 1;
		if (state >= this.#budget.maxStates)
			this.#budget.checkStates(Math.ceil(state / statesPerState));
		return state;
	}

	addBytes(from: number, low: number, high: number, to: number): void {
		this.#budget.spend(1);
		const firsts = low < 0 ? this.firstEmptyEdge : this.firstEdge;
		this.edgeLow.push(low);
		this.edgeHigh.push(high);
		this.edgeTo.push(to);
		this.nextEdge.push(firsts[from] as number);
		firsts[from] = this.edgeTo.length - 1;
	}

	addEmpty(from: number, to: number): void {
		this.addBytes(from, emptyEdge, emptyEdge, to);
	}

	addAutomaton(automaton: AutomatonData, from: number, to: number): void {
		const { classes, classCount, transitions, accepting, start } = automaton;
		if (start === 0) return;
		const states = Array.from(accepting, (_, state) =>
			state === 0 ? -1 : this.addState(),
		);
		this.addEmpty(from, states[start] as number);
		for (let state = 1; state < states.length; state++) {
			const own = states[state] as number;
			if (accepting[state] === 1) this.addEmpty(own, to);
			const row = state * classCount;
			let low = 0;
			for (let byte = 1; byte <= 256; byte++) {
				const next = transitions[row + (classes[low] as number)] as number;
				if (byte < 256 && transitions[row + (classes[byte] as number)] === next)
					continue;
				if (next !== 0)
					this.addBytes(own, low, byte - 1, states[next] as number);
				low = byte;
			}
			this.#budget.spend(classCount);
		}
	}

	/** A word of each, one after the other. */
	addSequence(
		automata: readonly AutomatonData[],
		from: number,
		to: number,
	): void {
		let at = from;
		for (const automaton of automata) {
			const next = this.addState();
			this.addAutomaton(automaton, at, next);
			at = next;
		}
		this.addEmpty(at, to);
	}

	/** The fragment that `add` makes, from `min` to `max` times. */
	addRepeat(
		min: number,
		max: number | null,
		from: number,
		to: number,
		add: (from: number, to: number) => void,
	): void {
		if (max !== null && max < min)
			throw new GrammarError(
				"invalid",
				`A repetition asks for at least ${min} and at most ${max}; the first has to be the smaller one.`,
			);
		let at = from;
		const addOne = () => {
			const next = this.addState();
			add(at, next);
			at = next;
		};
		for (let count = 0; count < min; count++) addOne();
		if (max === null) {
			const loop = this.addState();
			this.addEmpty(at, loop);
			at = loop;
			addOne();
			this.addEmpty(at, loop);
			this.addEmpty(loop, to);
			return;
		}
		for (let count = min; count < max; count++) {
			this.addEmpty(at, to);
			addOne();
		}
		this.addEmpty(at, to);
	}
}
