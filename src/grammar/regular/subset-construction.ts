import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { ByteClasses } from "./byte-classes.ts";
import { emptyEdge, endAssertion, type Nfa, startAssertion } from "./nfa.ts";

/** The deterministic automaton of an NFA, by the subset construction; not minimal. */
export function determinise(nfa: Nfa, budget: Budget): AutomatonData {
	return new SubsetConstruction(nfa, budget).run();
}

class SubsetConstruction {
	readonly #nfa: Nfa;
	readonly #budget: Budget;
	readonly #classes: ByteClasses;
	/** Set number to its NFA states, sorted; set 0 is the empty one, set 1 the start. */
	readonly #sets: Int32Array[] = [];
	readonly #setsByHash = new Map<number, number[]>();
	readonly #transitions: number[] = [];
	readonly #accepting: number[] = [];
	/** For each NFA state the number of the search that saw it last. */
	readonly #seen: Int32Array;
	/** States that a search has yet to follow. */
	readonly #open: Int32Array;
	#search = 0;

	constructor(nfa: Nfa, budget: Budget) {
		this.#nfa = nfa;
		this.#budget = budget;
		this.#seen = new Int32Array(nfa.stateCount);
		this.#open = new Int32Array(nfa.stateCount);
		this.#classes = ByteClasses.ofRanges(nfa.edgeLow, nfa.edgeHigh);
	}

	run(): AutomatonData {
		const { classes, classCount, representatives } = this.#classes;
		this.#sets.push(new Int32Array(0));
		this.#accepting.push(0);
		for (let column = 0; column < classCount; column++)
			this.#transitions.push(0);
		// The start has a set of its own: assertions hold there that hold nowhere else.
		const start = this.#closure([this.#nfa.start], true, false);
		this.#add(start, true);
		const buckets: number[][] = representatives.map(() => []);
		for (let set = 1; set < this.#sets.length; set++) {
			this.#fill(buckets, this.#sets[set] as Int32Array);
			for (const bucket of buckets) {
				this.#transitions.push(
					bucket.length === 0
						? 0
						: this.#find(this.#closure(bucket, false, false)),
				);
				bucket.length = 0;
			}
			this.#budget.spend(classCount);
		}
		return {
			classes,
			classCount,
			transitions: Uint32Array.from(this.#transitions),
			accepting: Uint8Array.from(this.#accepting),
			start: 1,
		};
	}

	/** For each byte class the states that it leads to from a set. */
	#fill(buckets: number[][], set: Int32Array): void {
		const { firstEdge, nextEdge, edgeLow, edgeHigh, edgeTo } = this.#nfa;
		const { classes } = this.#classes;
		for (const state of set)
			for (
				let edge = firstEdge[state] as number;
				edge !== -1;
				edge = nextEdge[edge] as number
			) {
				const low = edgeLow[edge] as number;
				// Classes are intervals, numbered in order.
				const first = classes[low] as number;
				const last = classes[edgeHigh[edge] as number] as number;
				for (let column = first; column <= last; column++)
					buckets[column]?.push(edgeTo[edge] as number);
				this.#budget.spend(last - first + 1);
			}
	}

	#closure(
		states: readonly number[] | Int32Array,
		isAtStart: boolean,
		isAtEnd: boolean,
	): Int32Array {
		const { firstEdge, firstEmptyEdge, nextEdge, edgeLow, edgeTo } = this.#nfa;
		const { final, universal } = this.#nfa;
		const seen = this.#seen;
		const search = ++this.#search;
		const open = this.#open;
		let openCount = 0;
		const found: number[] = [];
		for (const state of states) {
			if (seen[state] === search) continue;
			seen[state] = search;
			open[openCount++] = state;
		}
		while (openCount > 0) {
			const state = open[--openCount] as number;
			let isNeeded = state === final || firstEdge[state] !== -1;
			this.#budget.spend(1);
			for (
				let edge = firstEmptyEdge[state] as number;
				edge !== -1;
				edge = nextEdge[edge] as number
			) {
				const low = edgeLow[edge] as number;
				if (
					low === emptyEdge ||
					(low === startAssertion && isAtStart) ||
					(low === endAssertion && isAtEnd)
				) {
					const to = edgeTo[edge] as number;
					if (seen[to] === search) continue;
					seen[to] = search;
					open[openCount++] = to;
				} else if (low !== startAssertion) isNeeded = true;
			}
			if (isNeeded) found.push(state);
		}
		if (universal !== -1 && seen[universal] === search)
			return Int32Array.of(universal);
		this.#budget.spend(found.length);
		return Int32Array.from(found).sort();
	}

	#find(set: Int32Array): number {
		let hash = set.length;
		for (const state of set) hash = (Math.imul(hash, 31) + state) | 0;
		const candidates = this.#setsByHash.get(hash);
		for (const candidate of candidates ?? [])
			if (isSame(this.#sets[candidate] as Int32Array, set)) return candidate;
		const added = this.#add(set, false);
		if (candidates === undefined) this.#setsByHash.set(hash, [added]);
		else candidates.push(added);
		return added;
	}

	#add(set: Int32Array, isAtStart: boolean): number {
		this.#budget.checkStates(this.#sets.length);
		const { final, universal } = this.#nfa;
		const isUniversal = universal !== -1 && set[0] === universal;
		const atEnd = isUniversal ? set : this.#closure(set, isAtStart, true);
		this.#accepting.push(isUniversal || atEnd.includes(final) ? 1 : 0);
		return this.#sets.push(set) - 1;
	}
}

function isSame(left: Int32Array, right: Int32Array): boolean {
	if (left.length !== right.length) return false;
	for (let index = 0; index < left.length; index++)
		if (left[index] !== right[index]) return false;
	return true;
}
