import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";

/**
 * A partition of 0 to n - 1 that is refined by marking items and splitting each set into its marked and its other items.
 * The data structure of Valmari, "Fast brief practical DFA minimization" (2012).
 */
class Partition {
	count: number;
	readonly items: Int32Array;
	readonly setOf: Int32Array;
	readonly first: Int32Array;
	readonly past: Int32Array;
	readonly #places: Int32Array;
	readonly #marked: Int32Array;
	readonly #touched: number[] = [];

	constructor(size: number) {
		this.count = size === 0 ? 0 : 1;
		this.items = new Int32Array(size);
		for (let item = 0; item < size; item++) this.items[item] = item;
		this.#places = this.items.slice();
		this.setOf = new Int32Array(size);
		this.first = new Int32Array(size + 1);
		this.past = new Int32Array(size + 1);
		this.past[0] = size;
		this.#marked = new Int32Array(size + 1);
	}

	/** Each item once between two splits. */
	mark(item: number): void {
		const { items } = this;
		const set = this.setOf[item] as number;
		const from = this.#places[item] as number;
		const marked = this.#marked[set] as number;
		const to = (this.first[set] as number) + marked;
		const other = items[to] as number;
		items[from] = other;
		this.#places[other] = from;
		items[to] = item;
		this.#places[item] = to;
		if (marked === 0) this.#touched.push(set);
		this.#marked[set] = marked + 1;
	}

	split(): void {
		const { first, past, items, setOf } = this;
		for (
			let set = this.#touched.pop();
			set !== undefined;
			set = this.#touched.pop()
		) {
			const marked = this.#marked[set] as number;
			this.#marked[set] = 0;
			const middle = (first[set] as number) + marked;
			if (middle === past[set]) continue;
			// The smaller part becomes the new set.
			const added = this.count++;
			if (marked <= (past[set] as number) - middle) {
				first[added] = first[set] as number;
				past[added] = middle;
				first[set] = middle;
			} else {
				past[added] = past[set] as number;
				first[added] = middle;
				past[set] = middle;
			}
			for (
				let place = first[added] as number;
				place < (past[added] as number);
				place++
			)
				setOf[items[place] as number] = added;
		}
	}

	/** Makes the sets those of equal labels. */
	groupBy(labels: Int32Array, labelCount: number): void {
		const begins = new Int32Array(labelCount + 1);
		for (const label of labels)
			begins[label + 1] = (begins[label + 1] ?? 0) + 1;
		for (let label = 0; label < labelCount; label++)
			begins[label + 1] = (begins[label + 1] ?? 0) + (begins[label] ?? 0);
		const setOfLabel = new Int32Array(labelCount);
		this.count = 0;
		for (let label = 0; label < labelCount; label++) {
			if (begins[label] === begins[label + 1]) continue;
			setOfLabel[label] = this.count;
			this.first[this.count] = begins[label] as number;
			this.past[this.count] = begins[label + 1] as number;
			this.count++;
		}
		for (let item = 0; item < labels.length; item++) {
			const label = labels[item] as number;
			const place = begins[label] as number;
			begins[label] = place + 1;
			this.items[place] = item;
			this.#places[item] = place;
			this.setOf[item] = setOfLabel[label] as number;
		}
	}
}

/**
 * Which live states can't be told apart by what follows; `blockOf` is meaningful for live states only. Valmari's algorithm, in
 * O(m log m) for m transitions between live states.
 */
export function minimalBlocks(
	{ classCount, transitions, accepting }: AutomatonData,
	live: Uint8Array,
	budget: Budget,
): { blockOf: Int32Array; blockCount: number } {
	const states: number[] = [];
	const places = new Int32Array(live.length).fill(-1);
	for (let state = 0; state < live.length; state++)
		if (live[state] === 1) places[state] = states.push(state) - 1;
	const tails: number[] = [];
	const heads: number[] = [];
	const labels: number[] = [];
	for (let tail = 0; tail < states.length; tail++) {
		const row = (states[tail] as number) * classCount;
		for (let column = 0; column < classCount; column++) {
			const head = places[transitions[row + column] as number] as number;
			if (head === -1) continue;
			tails.push(tail);
			heads.push(head);
			labels.push(column);
		}
	}
	budget.spend(states.length + 4 * tails.length);
	const blocks = new Partition(states.length);
	for (let place = 0; place < states.length; place++)
		if (accepting[states[place] as number] === 1) blocks.mark(place);
	blocks.split();
	const cords = new Partition(tails.length);
	cords.groupBy(Int32Array.from(labels), classCount);
	const firsts = new Int32Array(states.length + 1);
	for (const head of heads) firsts[head + 1] = (firsts[head + 1] as number) + 1;
	for (let state = 0; state < states.length; state++)
		firsts[state + 1] =
			(firsts[state + 1] as number) + (firsts[state] as number);
	const incoming = new Int32Array(heads.length);
	const free = firsts.slice();
	for (let edge = 0; edge < heads.length; edge++) {
		const head = heads[edge] as number;
		incoming[free[head] as number] = edge;
		free[head] = (free[head] as number) + 1;
	}
	let block = 1;
	for (let cord = 0; cord < cords.count; cord++) {
		const from = cords.first[cord] as number;
		const past = cords.past[cord] as number;
		budget.spend(past - from);
		for (let place = from; place < past; place++)
			blocks.mark(tails[cords.items[place] as number] as number);
		blocks.split();
		for (; block < blocks.count; block++) {
			for (
				let place = blocks.first[block] as number;
				place < (blocks.past[block] as number);
				place++
			) {
				const state = blocks.items[place] as number;
				const end = firsts[state + 1] as number;
				budget.spend(end - (firsts[state] as number));
				for (let edge = firsts[state] as number; edge < end; edge++)
					cords.mark(incoming[edge] as number);
			}
			cords.split();
		}
	}
	return {
		blockOf: places.map((place) => blocks.setOf[place] ?? -1),
		blockCount: blocks.count,
	};
}
