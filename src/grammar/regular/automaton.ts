import { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { canonical } from "./canonical.ts";
import {
	anyTextAutomaton,
	joinedAutomaton,
	wordAutomaton,
	wordsAutomaton,
} from "./direct.ts";
import { exampleOf } from "./example.ts";
import { Nfa } from "./nfa.ts";
import { product } from "./product.ts";
import { determinise } from "./subset-construction.ts";
import { addCodePoints, type CodePointRange } from "./utf8.ts";

/**
 * A regular language of texts, as an immutable minimal automaton over their UTF-8 bytes. Every operation is exact, and
 * is paid from a budget: it throws a GrammarError `too_large` rather than take long.
 */
export class Automaton implements AutomatonData {
	readonly classes: Uint8Array;
	readonly classCount: number;
	readonly transitions: Uint32Array;
	readonly accepting: Uint8Array;
	readonly start: number;

	private constructor(data: AutomatonData) {
		this.classes = data.classes;
		this.classCount = data.classCount;
		this.transitions = data.transitions;
		this.accepting = data.accepting;
		this.start = data.start;
	}

	/** Data that was an `Automaton` before it was cloned. */
	static from(data: AutomatonData): Automaton {
		return data instanceof Automaton ? data : new Automaton(data);
	}

	/** No text. */
	static get empty(): Automaton {
		return Automaton.ofTexts([]);
	}

	/** Every text, the empty one too. */
	static get any(): Automaton {
		return new Automaton(canonical(anyTextAutomaton(), new Budget()));
	}

	static ofText(text: string): Automaton {
		return new Automaton(wordAutomaton(new TextEncoder().encode(text)));
	}

	/** Exactly these texts. */
	static ofTexts(texts: readonly string[], budget = new Budget()): Automaton {
		const encoder = new TextEncoder();
		return Automaton.#ofWords(
			texts.map((text) => encoder.encode(text)),
			budget,
		);
	}

	static ofBytes(bytes: Uint8Array, budget = new Budget()): Automaton {
		budget.checkStates(bytes.length);
		return new Automaton(wordAutomaton(bytes));
	}

	/** One character out of ranges of code points, both ends included; surrogates are left out. */
	static ofCodePoints(
		ranges: readonly CodePointRange[],
		budget = new Budget(),
	): Automaton {
		const nfa = new Nfa(budget);
		addCodePoints(nfa, ranges, nfa.start, nfa.final);
		return Automaton.ofNfa(nfa, budget);
	}

	/** Deterministic, but not yet minimal or numbered in order. */
	static ofStates(data: AutomatonData, budget = new Budget()): Automaton {
		return new Automaton(canonical(data, budget));
	}

	static ofNfa(nfa: Nfa, budget = new Budget()): Automaton {
		return new Automaton(canonical(determinise(nfa, budget), budget));
	}

	static unionOf(
		automata: readonly AutomatonData[],
		budget = new Budget(),
	): Automaton {
		const nfa = new Nfa(budget);
		for (const automaton of automata)
			nfa.addAutomaton(automaton, nfa.start, nfa.final);
		return Automaton.ofNfa(nfa, budget);
	}

	static concatOf(
		automata: readonly AutomatonData[],
		budget = new Budget(),
	): Automaton {
		let joined: AutomatonData | null = null;
		for (const automaton of automata) {
			joined =
				joined === null
					? automaton
					: joinedAutomaton(joined, automaton, budget);
			if (joined === null) {
				const nfa = new Nfa(budget);
				nfa.addSequence(automata, nfa.start, nfa.final);
				return Automaton.ofNfa(nfa, budget);
			}
		}
		return new Automaton(
			canonical(joined ?? wordAutomaton(new Uint8Array(0)), budget),
		);
	}

	static #ofWords(words: readonly Uint8Array[], budget: Budget): Automaton {
		const [only] = words;
		if (words.length === 1 && only !== undefined)
			return Automaton.ofBytes(only, budget);
		return new Automaton(canonical(wordsAutomaton(words, budget), budget));
	}

	union(other: AutomatonData, budget = new Budget()): Automaton {
		return this.#product(other, (left, right) => left || right, budget);
	}

	intersect(other: AutomatonData, budget = new Budget()): Automaton {
		return this.#product(other, (left, right) => left && right, budget);
	}

	difference(other: AutomatonData, budget = new Budget()): Automaton {
		return this.#product(other, (left, right) => left && !right, budget);
	}

	/** Every text that is not in this language. */
	complement(budget = new Budget()): Automaton {
		return Automaton.any.difference(this, budget);
	}

	concat(other: AutomatonData, budget = new Budget()): Automaton {
		return Automaton.concatOf([this, other], budget);
	}

	/** From `min` to `max` words one after the other; `null`: without bound. */
	repeat(min: number, max: number | null, budget = new Budget()): Automaton {
		const nfa = new Nfa(budget);
		nfa.addRepeat(min, max, nfa.start, nfa.final, (from, to) =>
			nfa.addAutomaton(this, from, to),
		);
		return Automaton.ofNfa(nfa, budget);
	}

	get isEmpty(): boolean {
		return this.start === 0;
	}

	/** With the dead state. */
	get stateCount(): number {
		return this.accepting.length;
	}

	accepts(text: string): boolean {
		let state = this.start;
		for (const byte of new TextEncoder().encode(text))
			state = this.next(state, byte);
		return this.accepting[state] === 1;
	}

	next(state: number, byte: number): number {
		const column = this.classes[byte] as number;
		return this.transitions[state * this.classCount + column] as number;
	}

	equals(other: AutomatonData): boolean {
		return (
			this.start === other.start &&
			this.classCount === other.classCount &&
			sameItems(this.classes, other.classes) &&
			sameItems(this.accepting, other.accepting) &&
			sameItems(this.transitions, other.transitions)
		);
	}

	/** A shortest text of the language, readable where there is a choice; null when there is none. */
	example(): string | null {
		return exampleOf(this);
	}

	#product(
		other: AutomatonData,
		accepts: (left: boolean, right: boolean) => boolean,
		budget: Budget,
	): Automaton {
		return new Automaton(
			canonical(product(this, other, accepts, budget), budget),
		);
	}
}

function sameItems(
	left: Uint8Array | Uint32Array,
	right: Uint8Array | Uint32Array,
): boolean {
	return (
		left.length === right.length &&
		left.every((item, index) => item === right[index])
	);
}
