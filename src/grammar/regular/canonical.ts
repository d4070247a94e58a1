import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { minimalBlocks } from "./minimal-blocks.ts";

/** The minimal, trimmed automaton of the same language, numbered in breadth-first order. */
export function canonical(
	automaton: AutomatonData,
	budget: Budget,
): AutomatonData {
	const live = liveStates(automaton, budget);
	const { blockOf } = minimalBlocks(automaton, live, budget);
	const { classCount, transitions, accepting } = automaton;
	const numbers = new Map<number, number>();
	/** A member of each new state's block; 0 for the dead state. */
	const members = [0];
	const find = (state: number) => {
		if (live[state] !== 1) return 0;
		const block = blockOf[state] as number;
		const known = numbers.get(block);
		if (known !== undefined) return known;
		numbers.set(block, members.length);
		return members.push(state) - 1;
	};
	// Classes are numbered by their first byte, so the order in which states are found is the language's own.
	const start = find(automaton.start);
	const order = [...new Set(automaton.classes)];
	const rows: number[] = new Array<number>(classCount).fill(0);
	for (let state = 1; state < members.length; state++) {
		const row = (members[state] as number) * classCount;
		for (const column of order)
			rows.push(find(transitions[row + column] as number));
		budget.spend(classCount);
	}
	const renumbered = new Uint8Array(256);
	for (const [position, column] of order.entries())
		renumbered[column] = position;
	return mergeClasses({
		classes: automaton.classes.map((column) => renumbered[column] as number),
		classCount,
		transitions: Uint32Array.from(rows),
		accepting: Uint8Array.from(members, (member) =>
			member === 0 ? 0 : (accepting[member] as number),
		),
		start,
	});
}

/** States that the start reaches and that reach acceptance; never state 0. */
function liveStates(automaton: AutomatonData, budget: Budget): Uint8Array {
	const { classCount, transitions, accepting, start } = automaton;
	const states = accepting.length;
	const isReached = new Uint8Array(states);
	const isLive = new Uint8Array(states);
	const open: number[] = [];
	const sources: number[] = [];
	const targets: number[] = [];
	const reach = (state: number) => {
		if (isReached[state] === 1) return;
		isReached[state] = 1;
		open.push(state);
	};
	reach(start);
	for (let state = open.pop(); state !== undefined; state = open.pop()) {
		let last = -1;
		for (let column = 0; column < classCount; column++) {
			const next = transitions[state * classCount + column] as number;
			if (next === last) continue;
			last = next;
			reach(next);
			sources.push(state);
			targets.push(next);
		}
	}
	budget.spend(states + targets.length);
	// Incoming edges by counting sort.
	const firsts = new Int32Array(states + 1);
	for (const target of targets)
		firsts[target + 1] = (firsts[target + 1] ?? 0) + 1;
	for (let state = 0; state < states; state++)
		firsts[state + 1] = (firsts[state + 1] ?? 0) + (firsts[state] ?? 0);
	const incoming = new Int32Array(targets.length);
	const places = firsts.slice();
	for (const [edge, target] of targets.entries()) {
		incoming[places[target] as number] = sources[edge] as number;
		places[target] = (places[target] as number) + 1;
	}
	for (let state = 0; state < states; state++)
		if (isReached[state] === 1 && accepting[state] === 1) {
			isLive[state] = 1;
			open.push(state);
		}
	for (let state = open.pop(); state !== undefined; state = open.pop())
		for (
			let edge = firsts[state] as number;
			edge < (firsts[state + 1] as number);
			edge++
		) {
			const source = incoming[edge] as number;
			if (isLive[source] === 1) continue;
			isLive[source] = 1;
			open.push(source);
		}
	return isLive;
}

/** Joins byte classes that no state tells apart any more. */
function mergeClasses(automaton: AutomatonData): AutomatonData {
	const { classes, classCount, transitions, accepting, start } = automaton;
	const states = accepting.length;
	const hashes = new Map<string, number>();
	const kept: number[] = [];
	const newColumns: number[] = [];
	for (let column = 0; column < classCount; column++) {
		const rows = new Uint32Array(states);
		for (let state = 0; state < states; state++)
			rows[state] = transitions[state * classCount + column] as number;
		const key = Buffer.from(rows.buffer).toString("latin1");
		let merged = hashes.get(key);
		if (merged === undefined) {
			merged = kept.push(column) - 1;
			hashes.set(key, merged);
		}
		newColumns.push(merged);
	}
	const compact = new Uint32Array(states * kept.length);
	for (let state = 0; state < states; state++)
		for (const [column, old] of kept.entries())
			compact[state * kept.length + column] = transitions[
				state * classCount + old
			] as number;
	return {
		classes: classes.map((column) => newColumns[column] as number),
		classCount: kept.length,
		transitions: compact,
		accepting,
		start,
	};
}
