/** The same numbers every time (mulberry32). */
export function seededRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

export interface CorpusChunk {
	text: string;
	vector: Float32Array;
}

interface Topic {
	center: Float32Array;
	firstWord: number;
}

const vocabularySize = 50_000;
const topicWords = 300;

/**
 * Chunks about topics: vectors lie around the center of their topic, as embeddings do (evenly spread ones have no near
 * neighbours to find), and words follow Zipf's law, with some that belong to the topic.
 */
export class Corpus {
	#random: () => number;
	readonly #topics: Topic[];
	readonly #dimensions: number;

	constructor(options: { seed: number; topics: number; dimensions: number }) {
		this.#random = seededRandom(options.seed);
		this.#dimensions = options.dimensions;
		this.#topics = Array.from({ length: options.topics }, () => ({
			center: this.#gaussian(1),
			firstWord: Math.floor(this.#random() * (vocabularySize - topicWords)),
		}));
	}

	/** What comes next is the same whatever was made before. */
	continueFrom(seed: number): void {
		this.#random = seededRandom(seed);
	}

	chunk(words: number): CorpusChunk {
		const topic = this.#topic();
		const texts: string[] = [];
		for (let count = 0; count < words; count++)
			texts.push(this.#random() < 0.3 ? this.#topicWord(topic) : this.#word());
		return { text: texts.join(" "), vector: this.#near(topic) };
	}

	/** A question: some words of a topic, one or two of everybody's, and a vector near the topic. */
	question(): CorpusChunk {
		const topic = this.#topic();
		const texts = [this.#word(), this.#word()];
		for (let count = 0; count < 3; count++) texts.push(this.#topicWord(topic));
		return { text: texts.join(" "), vector: this.#near(topic) };
	}

	#topic(): Topic {
		return this.#topics[
			Math.floor(this.#random() * this.#topics.length)
		] as Topic;
	}

	/** Zipf with exponent 1: the logarithm of the rank is even. */
	#word(): string {
		return wordOf(Math.floor(vocabularySize ** this.#random()));
	}

	#topicWord({ firstWord }: Topic): string {
		return wordOf(firstWord + Math.floor(topicWords ** this.#random()));
	}

	#near({ center }: Topic): Float32Array {
		const noise = this.#gaussian(0.8);
		let square = 0;
		for (let index = 0; index < noise.length; index++) {
			const value = (noise[index] as number) + (center[index] as number);
			noise[index] = value;
			square += value * value;
		}
		const length = Math.sqrt(square);
		return noise.map((value) => value / length);
	}

	#gaussian(scale: number): Float32Array {
		return Float32Array.from({ length: this.#dimensions }, () => {
			const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
			return scale * radius * Math.cos(2 * Math.PI * this.#random());
		});
	}
}

/** Letters that no stemmer takes for an ending. */
function wordOf(rank: number): string {
	return `w${rank.toString(36).replaceAll("s", "5")}q`;
}
