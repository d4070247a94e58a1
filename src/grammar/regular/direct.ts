import type { Budget } from "../budget.ts";
import type { AutomatonData } from "./automaton-data.ts";
import { ByteClasses } from "./byte-classes.ts";

/**
 * Automata that can be written down as they are, without the subset construction. But for that of one word they are neither minimal
 * nor numbered in order yet.
 */

/** Exactly this word; minimal, and numbered in breadth-first order. */
export function wordAutomaton(word: Uint8Array): AutomatonData {
	const { classes, classCount } = classesOf([word]);
	const transitions = new Uint32Array((word.length + 2) * classCount);
	for (let index = 0; index < word.length; index++) {
		const column = classes[word[index] as number] as number;
		transitions[(index + 1) * classCount + column] = index + 2;
	}
	const accepting = new Uint8Array(word.length + 2);
	accepting[word.length + 1] = 1;
	return { classes, classCount, transitions, accepting, start: 1 };
}

/** Exactly these words, as a trie. */
export function wordsAutomaton(
	words: readonly Uint8Array[],
	budget: Budget,
): AutomatonData {
	const { classes, classCount } = classesOf(words);
	const mostStates = words.reduce((sum, { length }) => sum + length, 2);
	budget.spend(mostStates);
	let transitions = new Uint32Array(Math.min(mostStates, 256) * classCount);
	const accepting: number[] = [0, 0];
	for (const word of words) {
		let state = 1;
		for (const byte of word) {
			const place = state * classCount + (classes[byte] as number);
			state = transitions[place] as number;
			if (state !== 0) continue;
			state = accepting.push(0) - 1;
			budget.checkStates(state);
			budget.spend(classCount);
			if ((state + 1) * classCount > transitions.length) {
				const larger = new Uint32Array(2 * transitions.length);
				larger.set(transitions);
				transitions = larger;
			}
			transitions[place] = state;
		}
		accepting[state] = 1;
	}
	return {
		...{ classes, classCount, start: 1 },
		transitions: transitions.slice(0, accepting.length * classCount),
		accepting: Uint8Array.from(accepting),
	};
}

/**
 * A word of `left`, then one of `right`; null where that is not deterministic as it stands: after a word of `left` a byte
 * may go on with it or begin one of `right`.
 */
export function joinedAutomaton(
	left: AutomatonData,
	right: AutomatonData,
	budget: Budget,
): AutomatonData | null {
	if (left.start === 0 || right.start === 0) return null;
	const { classes, classCount, representatives } = ByteClasses.joint([
		left,
		right,
	]);
	const leftCount = left.accepting.length;
	const states = leftCount + right.accepting.length - 1;
	budget.checkStates(states);
	budget.spend(states + classCount);
	const transitions = new Uint32Array(states * classCount);
	const accepting = new Uint8Array(states);
	const startRow = right.start * right.classCount;
	for (let column = 0; column < classCount; column++) {
		const byte = representatives[column] as number;
		const leftColumn = left.classes[byte] as number;
		const rightColumn = right.classes[byte] as number;
		const first = right.transitions[startRow + rightColumn] as number;
		for (let state = 1; state < leftCount; state++) {
			let next = left.transitions[
				state * left.classCount + leftColumn
			] as number;
			if (left.accepting[state] === 1 && first !== 0) {
				if (next !== 0) return null;
				next = leftCount - 1 + first;
			}
			transitions[state * classCount + column] = next;
		}
		for (let state = leftCount; state < states; state++) {
			const next = right.transitions[
				(state - leftCount + 1) * right.classCount + rightColumn
			] as number;
			if (next !== 0)
				transitions[state * classCount + column] = leftCount - 1 + next;
		}
	}
	if (right.accepting[right.start] === 1) accepting.set(left.accepting);
	accepting.set(right.accepting.subarray(1), leftCount);
	return { classes, classCount, transitions, accepting, start: left.start };
}

/** First bytes, the range that the second byte is in, and how many more follow; RFC 3629's table. */
const encodings = [
	[0xc2, 0xdf, 0x80, 0xbf, 0],
	[0xe0, 0xe0, 0xa0, 0xbf, 1],
	[0xe1, 0xec, 0x80, 0xbf, 1],
	[0xed, 0xed, 0x80, 0x9f, 1],
	[0xee, 0xef, 0x80, 0xbf, 1],
	[0xf0, 0xf0, 0x90, 0xbf, 2],
	[0xf1, 0xf3, 0x80, 0xbf, 2],
	[0xf4, 0xf4, 0x80, 0x8f, 2],
] as const;

/** Every text in UTF-8. */
export function anyTextAutomaton(): AutomatonData {
	const bounds = encodings.flatMap(([first, last, low, high]) => [
		[first, last],
		[low, high],
	]);
	const { classes, classCount, representatives } = ByteClasses.ofRanges(
		[0, ...bounds.map(([low]) => low as number)],
		[0x7f, ...bounds.map(([, high]) => high as number)],
	);
	// 1: between characters; 2 and 3: one and two more bytes of any kind; then one state a row.
	const states = 4 + encodings.length;
	const transitions = new Uint32Array(states * classCount);
	const add = (from: number, low: number, high: number, to: number) => {
		for (const [column, byte] of representatives.entries())
			if (byte >= low && byte <= high)
				transitions[from * classCount + column] = to;
	};
	add(1, 0, 0x7f, 1);
	add(2, 0x80, 0xbf, 1);
	add(3, 0x80, 0xbf, 2);
	for (const [row, [first, last, low, high, more]] of encodings.entries()) {
		add(1, first, last, 4 + row);
		add(4 + row, low, high, 1 + more);
	}
	const accepting = new Uint8Array(states);
	accepting[1] = 1;
	return { classes, classCount, transitions, accepting, start: 1 };
}

/** One class for each byte of the words, and one for all others. */
function classesOf(words: readonly Uint8Array[]) {
	const isUsed = new Uint8Array(256);
	for (const word of words) for (const byte of word) isUsed[byte] = 1;
	const classes = new Uint8Array(256);
	let other = -1;
	let classCount = 0;
	for (let byte = 0; byte < 256; byte++) {
		if (isUsed[byte] === 1) classes[byte] = classCount++;
		else {
			if (other === -1) other = classCount++;
			classes[byte] = other;
		}
	}
	return { classes, classCount };
}
