import type { AutomatonData } from "./automaton-data.ts";

/** Bytes that every one of some automata treats alike. */
export interface ByteClasses {
	readonly classes: Uint8Array;
	readonly classCount: number;
	/** A byte of each class. */
	readonly representatives: readonly number[];
}

function ofRanges(
	lows: readonly number[],
	highs: readonly number[],
): ByteClasses {
	const begins = new Uint8Array(257);
	begins[0] = 1;
	for (let index = 0; index < lows.length; index++) {
		const low = lows[index] as number;
		if (low < 0) continue;
		begins[low] = 1;
		begins[(highs[index] as number) + 1] = 1;
	}
	const classes = new Uint8Array(256);
	const representatives: number[] = [];
	for (let byte = 0; byte < 256; byte++) {
		if (begins[byte] === 1) representatives.push(byte);
		classes[byte] = representatives.length - 1;
	}
	return { classes, classCount: representatives.length, representatives };
}

/** The coarsest classes that are finer than those of all the automata. */
function joint(
	automata: Iterable<Pick<AutomatonData, "classes" | "classCount">>,
): ByteClasses {
	let classes = new Uint8Array(256);
	let representatives = [0];
	for (const { classes: others, classCount } of automata) {
		if (representatives.length === 256) break;
		/** By pair of classes, the number of the joint one plus 1. */
		const numbers = new Uint16Array(representatives.length * classCount);
		const refined = new Uint8Array(256);
		representatives = [];
		for (let byte = 0; byte < 256; byte++) {
			const pair =
				(classes[byte] as number) * classCount + (others[byte] as number);
			if (numbers[pair] === 0) numbers[pair] = representatives.push(byte);
			refined[byte] = (numbers[pair] as number) - 1;
		}
		classes = refined;
	}
	return { classes, classCount: representatives.length, representatives };
}

export const ByteClasses = { ofRanges, joint } as const;
