import type { State, Thread } from "./frame.ts";
import type { Machine } from "./machine.ts";
import { setBit } from "./terminal-tokens.ts";

/** Tokens that leave a thread's automaton at one of some nodes. */
interface Exits {
	readonly thread: Thread;
	readonly nodes: Uint32Array;
	/** Items complete at each node; empty where nothing is counted. */
	readonly items: Uint16Array;
	/** What the grammar is in after the byte of those nodes. */
	readonly after: State;
}

/** With more places to leave than this share of the trie's nodes, walking the trie once is cheaper. */
const maxExitShare = 1 / 4;

/** With more threads than these, one walk of all together is cheaper than one of each automaton. */
const maxSeparateThreads = 64;

/** Sets the bits of all tokens that a state can read to their last byte. */
export function addAllowed(
	machine: Machine,
	state: State,
	mask: Uint32Array,
): void {
	if (state.threads.length > maxSeparateThreads) {
		addSubtree(machine, 0, state, mask);
		return;
	}
	const exits: Exits[] = [];
	let exitCount = 0;
	for (const thread of state.threads)
		for (const exit of stayInside(machine, thread, mask)) {
			exits.push(exit);
			exitCount += exit.nodes.length;
		}
	if (exitCount > machine.trie.nodeCount * maxExitShare) {
		addSubtree(machine, 0, state, mask);
		return;
	}
	for (const { thread, nodes, items, after } of exits)
		for (let index = 0; index < nodes.length; index++) {
			const complete = items[index];
			if (
				complete !== undefined &&
				(complete < thread.min || complete > thread.max)
			)
				continue;
			addSubtree(machine, nodes[index] as number, after, mask);
		}
}

/** Adds the tokens that stay inside the thread's automaton, and returns where others leave it. */
function stayInside(
	machine: Machine,
	thread: Thread,
	mask: Uint32Array,
): Exits[] {
	const { trie } = machine;
	const terminal = machine.terminals[thread.position];
	if (terminal === null || terminal === undefined) return [];
	const isCounted =
		machine.program.positions[thread.position]?.kind === "counted";
	const tokens = trie.terminalTokens(
		terminal.automaton,
		terminal.id,
		thread.automatonState,
		isCounted,
	);
	tokens.addTo(mask, isCounted ? thread.max : Number.POSITIVE_INFINITY);
	const { exitNodes, exitItems, firstExit } = tokens;
	if (exitNodes.length === 0) return [];
	const follow = machine.followOf(thread);
	if (follow.threads.length === 0) return [];
	const exits: Exits[] = [];
	for (let byte = 0; byte < 256; byte++) {
		const first = firstExit[byte] as number;
		const past = firstExit[byte + 1] as number;
		if (first === past) continue;
		const after = machine.step(follow, byte);
		if (after === null) continue;
		exits.push({
			thread,
			nodes: exitNodes.subarray(first, past),
			items: exitItems.subarray(first, past),
			after,
		});
	}
	return exits;
}

/** Adds the tokens at a node and below it, given the state after the node's own byte. */
function addSubtree(
	machine: Machine,
	root: number,
	state: State,
	mask: Uint32Array,
): void {
	const { byte, depth, skip, firstToken, tokens } = machine.trie;
	const addTokens = (node: number) => {
		const past = firstToken[node + 1] as number;
		for (let place = firstToken[node] as number; place < past; place++)
			setBit(mask, tokens[place] as number);
	};
	addTokens(root);
	const rootDepth = depth[root] as number;
	const path: State[] = [state];
	const end = skip[root] as number;
	for (let node = root + 1; node < end; ) {
		const level = (depth[node] as number) - rootDepth;
		const next = machine.step(path[level - 1] as State, byte[node] as number);
		if (next === null) {
			node = skip[node] as number;
			continue;
		}
		path[level] = next;
		addTokens(node);
		node++;
	}
}
