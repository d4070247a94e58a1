import type { AutomatonData } from "../regular/automaton-data.ts";
import type { TokenTrie } from "./token-trie.ts";

/**
 * What a vocabulary can do inside one automaton from one of its states, whatever grammar stands around it: the tokens that
 * stay inside to their last byte, and the nodes of the trie at which a token leaves it, sorted by the byte that comes next.
 * So inside a string only the tokens that have a quote in them depend on the grammar.
 *
 * With `isCounted` the automaton is one item of a repetition, which begins anew whenever it is complete; items are counted.
 */
export class TerminalTokens {
	/** Tokens that stay inside, by the number of items that they begin or go on with. */
	readonly #tokens: Uint32Array;
	/** Tokens that need at most n items: the first `#tokensUpTo[n]`. */
	readonly #tokensUpTo: number[];
	readonly #all: Uint32Array;
	/** Nodes whose parent is a place to leave; those of byte b are from `#firstExit[b]` to `#firstExit[b + 1]`. */
	readonly exitNodes: Uint32Array;
	/** Items that are complete at each exit; empty where nothing is counted. */
	readonly exitItems: Uint16Array;
	readonly firstExit: Uint32Array;

	constructor(
		trie: TokenTrie,
		automaton: AutomatonData,
		state: number,
		isCounted: boolean,
	) {
		this.#all = new Uint32Array(trie.maskWords);
		const walk = walkTrie(trie, automaton, state, isCounted, this.#all);
		this.#tokensUpTo = [];
		this.#tokens = isCounted ? this.#sortTokens(walk) : new Uint32Array(0);
		this.firstExit = new Uint32Array(257);
		const { exitCount, exits } = walk;
		const { byte } = trie;
		for (let index = 0; index < exitCount; index++) {
			const after = (byte[exits[index] as number] as number) + 1;
			this.firstExit[after] = (this.firstExit[after] as number) + 1;
		}
		for (let value = 0; value < 256; value++)
			this.firstExit[value + 1] =
				(this.firstExit[value + 1] as number) +
				(this.firstExit[value] as number);
		const places = this.firstExit.slice();
		this.exitNodes = new Uint32Array(exitCount);
		this.exitItems = new Uint16Array(isCounted ? exitCount : 0);
		for (let index = 0; index < exitCount; index++) {
			const node = exits[index] as number;
			const value = byte[node] as number;
			const place = places[value] as number;
			places[value] = place + 1;
			this.exitNodes[place] = node;
			if (isCounted) this.exitItems[place] = walk.exitItems[index] as number;
		}
	}

	get byteLength(): number {
		return (
			this.#all.byteLength +
			this.#tokens.byteLength +
			this.exitNodes.byteLength +
			this.exitItems.byteLength +
			this.firstExit.byteLength +
			8 * this.#tokensUpTo.length +
			200
		);
	}

	/** By counting sort; also fills `#tokensUpTo`. */
	#sortTokens({ tokenCount, tokens, tokenItems }: Walk): Uint32Array {
		const upTo = this.#tokensUpTo;
		for (let index = 0; index < tokenCount; index++) {
			const items = tokenItems[index] as number;
			while (upTo.length <= items) upTo.push(0);
			upTo[items] = (upTo[items] as number) + 1;
		}
		for (let items = 1; items < upTo.length; items++)
			upTo[items] = (upTo[items] as number) + (upTo[items - 1] as number);
		const places = [0, ...upTo];
		const sorted = new Uint32Array(tokenCount);
		for (let index = 0; index < tokenCount; index++) {
			const items = tokenItems[index] as number;
			const place = places[items] as number;
			sorted[place] = tokens[index] as number;
			places[items] = place + 1;
		}
		return sorted;
	}

	/** Adds the tokens that stay inside and need at most `maxItems` items. */
	addTo(mask: Uint32Array, maxItems: number): void {
		if (maxItems >= this.#tokensUpTo.length - 1) {
			const all = this.#all;
			for (let word = 0; word < mask.length; word++)
				mask[word] = (mask[word] as number) | (all[word] as number);
			return;
		}
		const past = this.#tokensUpTo[maxItems] as number;
		for (let place = 0; place < past; place++)
			setBit(mask, this.#tokens[place] as number);
	}
}

interface Walk {
	readonly tokenCount: number;
	readonly tokens: Uint32Array;
	readonly tokenItems: Uint16Array;
	readonly exitCount: number;
	readonly exits: Uint32Array;
	readonly exitItems: Uint16Array;
}

/** The arrays of the answer belong to the trie, and are good until the next walk. */
function walkTrie(
	trie: TokenTrie,
	automaton: AutomatonData,
	from: number,
	isCounted: boolean,
	all: Uint32Array,
): Walk {
	const { classes, classCount, transitions, accepting, start } = automaton;
	const { byte, depth, skip, firstToken, tokens, nodeCount } = trie;
	const { found, foundItems, exits, exitItems } = trie.scratch();
	const states = new Uint32Array(trie.maxTokenBytes + 1);
	const items = new Uint16Array(trie.maxTokenBytes + 1);
	const isExit = new Uint8Array(trie.maxTokenBytes + 1);
	let tokenCount = 0;
	let exitCount = 0;
	states[0] = from;
	for (let node = 1; node < nodeCount; ) {
		const level = depth[node] as number;
		let complete = items[level - 1] as number;
		if (isExit[level - 1] === 1) {
			exits[exitCount] = node;
			exitItems[exitCount++] = complete;
		}
		let state = transitions[
			(states[level - 1] as number) * classCount +
				(classes[byte[node] as number] as number)
		] as number;
		if (state === 0) {
			node = skip[node] as number;
			continue;
		}
		const accepts = accepting[state] as number;
		let needed = 0;
		if (isCounted) {
			// No word of the automaton continues another one: a complete item is where the next one begins.
			if (accepts === 1) {
				complete++;
				state = start;
			}
			needed = complete + 1 - accepts;
		}
		states[level] = state;
		items[level] = complete;
		isExit[level] = accepts;
		const past = firstToken[node + 1] as number;
		for (let place = firstToken[node] as number; place < past; place++) {
			const token = tokens[place] as number;
			setBit(all, token);
			found[tokenCount] = token;
			foundItems[tokenCount++] = needed;
		}
		node++;
	}
	return {
		...{ tokenCount, tokens: found, tokenItems: foundItems },
		...{ exitCount, exits, exitItems },
	};
}

export function setBit(mask: Uint32Array, index: number): void {
	const word = index >>> 5;
	mask[word] = (mask[word] as number) | (1 << (index & 31));
}
