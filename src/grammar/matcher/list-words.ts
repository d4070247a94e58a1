import type { AutomatonData } from "../regular/automaton-data.ts";

/** The words of a list whose words are distinct, and what is written of the next one. Immutable: forks share it. */
export class ListWords {
	static readonly none = new ListWords([], [], "");
	/** Bytes as Latin-1. */
	readonly #words: readonly string[];
	/** Those of the words that begin with what is written. */
	readonly #candidates: readonly string[];
	readonly #written: string;

	private constructor(
		words: readonly string[],
		candidates: readonly string[],
		written: string,
	) {
		this.#words = words;
		this.#candidates = candidates;
		this.#written = written;
	}

	/** `isInWord`: the byte belongs to a word, or else to what stands between words. */
	read(byte: number, isInWord: boolean): ListWords {
		const written = this.#written;
		if (isInWord) {
			const place = written.length;
			const candidates =
				this.#candidates.length === 0
					? this.#candidates
					: this.#candidates.filter((word) => word.charCodeAt(place) === byte);
			return new ListWords(
				this.#words,
				candidates,
				written + String.fromCharCode(byte),
			);
		}
		if (written === "") return this;
		const words = [...this.#words, written];
		return new ListWords(words, words, "");
	}

	/** How many words of the list begin with what is written. */
	get candidateCount(): number {
		return this.#candidates.length;
	}

	/** What is written is a word of the list. */
	get isRepeated(): boolean {
		const { length } = this.#written;
		return this.#candidates.some((word) => word.length === length);
	}
}

/** For each state of an automaton, how many words lead from it to acceptance; without bound where there is a cycle. */
export function countWords({
	classes,
	classCount,
	transitions,
	accepting,
}: AutomatonData): Float64Array {
	const sizes = new Uint16Array(classCount);
	for (const column of classes) sizes[column] = (sizes[column] as number) + 1;
	const counts = new Float64Array(accepting.length).fill(Number.NaN);
	counts[0] = 0;
	const isOpen = new Uint8Array(accepting.length);
	for (let root = 1; root < accepting.length; root++) {
		const path = [root];
		while (path.length > 0) {
			const state = path[path.length - 1] as number;
			let count = accepting[state] as number;
			let missing = 0;
			isOpen[state] = 1;
			for (let column = 0; column < classCount && missing === 0; column++) {
				const next = transitions[state * classCount + column] as number;
				// Every state leads to acceptance, so a way back to an open one is a cycle of words.
				if (isOpen[next] === 1) count = Number.POSITIVE_INFINITY;
				else if (Number.isNaN(counts[next])) missing = next;
				else if (next !== 0)
					count += (sizes[column] as number) * (counts[next] as number);
			}
			if (missing !== 0) path.push(missing);
			else {
				counts[state] = count;
				isOpen[state] = 0;
				path.pop();
			}
		}
	}
	return counts;
}
