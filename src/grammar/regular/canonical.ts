import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { minimalBlocks } from "./minimal-blocks.ts";

/** The minimal, trimmed automaton of the same language, numbered in breadth-first order. */
export function canonical(
	automaton: AutomatonData,
	budget: Budget,
): AutomatonData {
	const live = liveStates(automaton, budget);
	const { blockOf, blockCount } = minimalBlocks(automaton, live, budget);
	const { classCount, transitions, accepting } = automaton;
	/** By block, the new state; 0: not found yet. */
	const numbers = new Int32Array(blockCount);
	/** A member of each new state's block; 0 for the dead state. */
	const members = new Int32Array(blockCount + 1);
	let count = 1;
	// Classes are numbered by their first byte, so the order in which states are found is the language's own.
	const order = Uint8Array.from(new Set(automaton.classes));
	const rows = new Uint32Array((blockCount + 1) * classCount);
	const start = live[automaton.start] === 1 ? 1 : 0;
	if (start === 1) {
		numbers[blockOf[automaton.start] as number] = count;
		members[count++] = automaton.start;
	}
	for (let state = 1; state < count; state++) {
		const from = (members[state] as number) * classCount;
		const to = state * classCount;
		for (let position = 0; position < classCount; position++) {
			const next = transitions[from + (order[position] as number)] as number;
			if (live[next] !== 1) continue;
			const block = blockOf[next] as number;
			let number = numbers[block] as number;
			if (number === 0) {
				number = count++;
				numbers[block] = number;
				members[number] = next;
			}
			rows[to + position] = number;
		}
		budget.spend(classCount);
	}
	const renumbered = new Uint8Array(256);
	for (const [position, column] of order.entries())
		renumbered[column] = position;
	return mergeClasses({
		classes: automaton.classes.map((column) => renumbered[column] as number),
		classCount,
		transitions: rows.subarray(0, count * classCount),
		accepting: Uint8Array.from(members.subarray(0, count), (member) =>
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
	const open = new Int32Array(states);
	let openCount = 0;
	/** Edges by where they lead to, as linked lists; a row's runs of equal targets are one edge. */
	const lastEdge = new Int32Array(states).fill(-1);
	const previousEdge: number[] = [];
	const sources: number[] = [];
	isReached[start] = 1;
	open[openCount++] = start;
	while (openCount > 0) {
		const state = open[--openCount] as number;
		let last = 0;
		const row = state * classCount;
		for (let column = 0; column < classCount; column++) {
			const next = transitions[row + column] as number;
			if (next === last) continue;
			last = next;
			if (next === 0) continue;
			if (isReached[next] === 0) {
				isReached[next] = 1;
				open[openCount++] = next;
			}
			previousEdge.push(lastEdge[next] as number);
			lastEdge[next] = sources.push(state) - 1;
		}
	}
	budget.spend(states + sources.length);
	for (let state = 0; state < states; state++)
		if (isReached[state] === 1 && accepting[state] === 1) {
			isLive[state] = 1;
			open[openCount++] = state;
		}
	while (openCount > 0) {
		const state = open[--openCount] as number;
		for (
			let edge = lastEdge[state] as number;
			edge !== -1;
			edge = previousEdge[edge] as number
		) {
			const source = sources[edge] as number;
			if (isLive[source] === 1) continue;
			isLive[source] = 1;
			open[openCount++] = source;
		}
	}
	return isLive;
}

/** Joins byte classes that no state tells apart any more. */
function mergeClasses(automaton: AutomatonData): AutomatonData {
	const { classes, classCount, transitions, accepting, start } = automaton;
	const states = accepting.length;
	const hashes = new Int32Array(classCount);
	for (let state = 0; state < states; state++)
		for (let column = 0; column < classCount; column++)
			hashes[column] =
				(Math.imul(hashes[column] as number, 0x01_00_01_93) ^
					(transitions[state * classCount + column] as number)) |
				0;
	const isSame = (left: number, right: number) => {
		for (let row = 0; row < transitions.length; row += classCount)
			if (transitions[row + left] !== transitions[row + right]) return false;
		return true;
	};
	const byHash = new Map<number, number[]>();
	const kept: number[] = [];
	const newColumns = new Uint8Array(classCount);
	for (let column = 0; column < classCount; column++) {
		const hash = hashes[column] as number;
		const candidates = byHash.get(hash) ?? [];
		let merged = candidates.find((candidate) =>
			isSame(kept[candidate] as number, column),
		);
		if (merged === undefined) {
			merged = kept.push(column) - 1;
			byHash.set(hash, [...candidates, merged]);
		}
		newColumns[column] = merged;
	}
	const width = kept.length;
	const compact = new Uint32Array(states * width);
	for (let state = 0; state < states; state++)
		for (let column = 0; column < width; column++)
			compact[state * width + column] = transitions[
				state * classCount + (kept[column] as number)
			] as number;
	return {
		classes: classes.map((column) => newColumns[column] as number),
		classCount: width,
		transitions: compact,
		accepting,
		start,
	};
}
