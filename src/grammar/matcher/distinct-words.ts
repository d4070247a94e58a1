import type { State } from "./frame.ts";
import { ListWords } from "./list-words.ts";
import type { Machine } from "./machine.ts";

/** Where a text stands. */
export interface Place {
	readonly state: State;
	/** Of the list that the text is in; null outside of lists. */
	readonly words: ListWords | null;
}

/** Reads a byte; null when it is not allowed, by the grammar or as no word of the list may come twice. */
export function stepFrom(
	machine: Machine,
	place: Place,
	byte: number,
): Place | null {
	const read = machine.read(place.state, byte);
	if (read === null) return null;
	if (!machine.hasLists) return { state: read, words: null };
	const isInWord = read.wordThreads.length + read.gates.length > 0;
	const words = place.words?.read(byte, isInWord) ?? null;
	const state =
		words === null ? machine.opened(read) : checked(machine, read, words);
	if (state === null) return null;
	if (state.edge === null) return { state, words };
	return { state, words: state.edge === "start" ? ListWords.none : null };
}

/** Without the threads whose words are all in the list: there is always a word left for those that go on. */
function checked(
	machine: Machine,
	state: State,
	words: ListWords,
): State | null {
	const used = words.candidateCount;
	if (used === 0) return machine.opened(state);
	const isRepeated = state.gates.length > 0 && words.isRepeated;
	const dropped = state.wordThreads.filter(
		(thread) => machine.wordCount(thread) <= used,
	);
	if (!isRepeated && dropped.length === 0) return machine.opened(state);
	return machine.without(state, dropped, !isRepeated);
}

/** A bitset over the vocabulary of what may come next. Kept: not to be changed. */
export function allowedFrom(machine: Machine, place: Place): Uint32Array {
	const { state, words } = place;
	if (!machine.hasLists) return machine.allowed(state);
	if (words !== null) return withoutRepeated(machine, place);
	// A token may hold a list from its beginning on, with the same word twice.
	const bounded = machine.bounded(state);
	const { masks } = machine.trie;
	const key = -1 - bounded.id;
	const known = masks.get(key);
	if (known !== undefined) return known;
	const mask = withoutRepeated(machine, { state: bounded, words });
	masks.set(key, mask, mask.byteLength + 100);
	return mask;
}

/**
 * What the grammar allows, less the tokens that would write a word of the list once more. Few tokens come into question: those
 * that go on with what begins a word of the list, and those with a comma, as it takes one to get from one word to the next.
 */
function withoutRepeated(machine: Machine, place: Place): Uint32Array {
	const { trie } = machine;
	const { byte, depth, skip, hasCommaBelow, nodeCount } = trie;
	const mask = machine.allowed(place.state).slice();
	const path: Place[] = [place];
	for (let node = 1; node < nodeCount; ) {
		const level = depth[node] as number;
		const from = path[level - 1] as Place;
		const next = stepFrom(machine, from, byte[node] as number);
		if (next === null) {
			trie.clearSubtree(node, mask);
			node = skip[node] as number;
			continue;
		}
		path[level] = next;
		const isSafe =
			hasCommaBelow[node] === 0 && (next.words?.candidateCount ?? 0) === 0;
		node = isSafe ? (skip[node] as number) : node + 1;
	}
	return mask;
}
