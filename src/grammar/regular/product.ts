import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { ByteClasses } from "./byte-classes.ts";

/** Both automata run side by side; `accepts` decides from what the two say. Not minimal. */
export function product(
	left: AutomatonData,
	right: AutomatonData,
	accepts: (left: boolean, right: boolean) => boolean,
	budget: Budget,
): AutomatonData {
	const { classes, classCount, representatives } = ByteClasses.joint([
		left,
		right,
	]);
	const leftColumns = representatives.map(
		(byte) => left.classes[byte] as number,
	);
	const rightColumns = representatives.map(
		(byte) => right.classes[byte] as number,
	);
	const rightStates = right.accepting.length;
	const numbers = new Map<number, number>();
	const pairs: number[] = [];
	const accepting: number[] = [];
	const transitions: number[] = [];
	const find = (leftState: number, rightState: number) => {
		const pair = leftState * rightStates + rightState;
		const known = numbers.get(pair);
		if (known !== undefined) return known;
		numbers.set(pair, pairs.length);
		accepting.push(
			accepts(
				left.accepting[leftState] === 1,
				right.accepting[rightState] === 1,
			)
				? 1
				: 0,
		);
		budget.checkStates(pairs.length >> 1);
		return pairs.push(pair) - 1;
	};
	// Both dead is dead: no operation in use accepts what neither accepts.
	find(0, 0);
	const start = find(left.start, right.start);
	for (let state = 0; state < pairs.length; state++) {
		const pair = pairs[state] as number;
		const leftRow = Math.floor(pair / rightStates) * left.classCount;
		const rightRow = (pair % rightStates) * right.classCount;
		for (let column = 0; column < classCount; column++)
			transitions.push(
				find(
					left.transitions[leftRow + (leftColumns[column] as number)] as number,
					right.transitions[
						rightRow + (rightColumns[column] as number)
					] as number,
				),
			);
		budget.spend(classCount);
	}
	return {
		classes,
		classCount,
		transitions: Uint32Array.from(transitions),
		accepting: Uint8Array.from(accepting),
		start,
	};
}
