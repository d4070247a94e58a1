/** Words of one part of a text, and how much it says when they are asked for. */
export interface WeighedText {
	text: string;
	weight: number;
	/** Two and three neighbours are also known as one: `llama 3.2` answers to "llama3.2", speech-to-text isn't text-to-speech. */
	isName?: boolean;
}

export interface FoundText {
	position: number;
	score: number;
}

/** Ways in which a word of the question meets a word of the texts, and what is left of its weight. */
const asPrefix = 0.6;
const asMistyped = 0.35;
/** Letters that words with another ending have to share. */
const shortestStem = 5;

const emptyWords = new Set(
	"a an and any are as at be best by can find for from give good i in is it me model models my need of on or show some that the this to want what which with".split(
		" ",
	),
);

/** Answers which texts have the words of a question: every word whole, else as a beginning, else mistyped. */
export class WordIndex {
	readonly #words: readonly string[];
	/** For each word the positions of texts, and what it weighs there: the sum of the parts that have it. */
	readonly #places: ReadonlyMap<string, ReadonlyMap<number, number>>;

	constructor(texts: readonly (readonly WeighedText[])[]) {
		const places = new Map<string, Map<number, number>>();
		for (const [position, parts] of texts.entries()) {
			for (const { text, weight, isName } of parts) {
				const words = toWords(text);
				const all = isName === true ? [...words, ...glued(words)] : words;
				for (const word of new Set(all)) {
					const known = places.get(word) ?? new Map<number, number>();
					known.set(position, weight + (known.get(position) ?? 0));
					places.set(word, known);
				}
			}
		}
		this.#places = places;
		this.#words = [...places.keys()].sort();
	}

	/**
	 * The texts that have all words of the question; where there is none, those with the most of them. Null when the
	 * question has no words.
	 */
	find(question: string): { found: FoundText[]; isLoose: boolean } | null {
		const words = questionWords(question);
		if (words.length === 0) return null;
		const scores = new Map<number, { score: number; words: number }>();
		for (const word of words) {
			for (const [position, weight] of this.#meet(word)) {
				const known = scores.get(position) ?? { score: 0, words: 0 };
				known.score += weight;
				known.words += 1;
				scores.set(position, known);
			}
		}
		// Words in the order of a name say more than the same words anywhere.
		for (const name of glued(toWords(question.slice(0, longestQuestion)))) {
			for (const [position, weight] of this.#places.get(name) ?? []) {
				const known = scores.get(position);
				if (known !== undefined) known.score += weight;
			}
		}
		const most = Math.max(
			0,
			...[...scores.values()].map((entry) => entry.words),
		);
		return {
			isLoose: most < words.length,
			found: [...scores].flatMap(([position, { score, words: met }]) =>
				met === most ? [{ position, score }] : [],
			),
		};
	}

	#meet(word: string): ReadonlyMap<number, number> {
		const best = new Map<number, number>();
		const note = (known: string, share: number) => {
			for (const [position, weight] of this.#places.get(known) ?? [])
				best.set(position, Math.max(weight * share, best.get(position) ?? 0));
		};
		if (this.#places.has(word)) note(word, 1);
		if (word.length >= 2)
			for (const known of this.#beginningWith(word))
				if (known !== word) note(known, asPrefix);
		// A slip of the finger, and another ending (transcribe, transcription), only where nothing else was meant.
		if (best.size === 0 && word.length >= 4) {
			for (const known of this.#words)
				if (isNear(word, known)) note(known, asMistyped);
		}
		if (best.size === 0 && word.length >= shortestStem + 2) {
			const stem = word.slice(0, Math.max(shortestStem, word.length - 3));
			for (const known of this.#beginningWith(stem)) note(known, asMistyped);
		}
		return best;
	}

	#beginningWith(letters: string): string[] {
		const from = this.#firstFrom(letters);
		let end = from;
		while (this.#words[end]?.startsWith(letters) === true) end++;
		return this.#words.slice(from, end);
	}

	/** Of the sorted words, the first that is not before this one. */
	#firstFrom(word: string): number {
		let low = 0;
		let high = this.#words.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#words[middle] ?? "") < word) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** Small letters without accents; a number keeps its point (`0.6b`, `3.2`). */
export function toWords(text: string): string[] {
	return (
		text
			.normalize("NFKD")
			.replace(/\p{M}/gu, "")
			.toLowerCase()
			.match(/[\p{L}\p{N}]+(?:\.\p{N}[\p{L}\p{N}]*)*/gu) ?? []
	);
}

/** Long questions are cut: nobody types them, and each word costs time. */
const mostQuestionWords = 16;

const longestQuestion = 400;

function questionWords(question: string): string[] {
	const words = [...new Set(toWords(question.slice(0, longestQuestion)))];
	const telling = words.filter((word) => !emptyWords.has(word));
	return (telling.length > 0 ? telling : words).slice(0, mostQuestionWords);
}

function glued(words: readonly string[]): string[] {
	const pairs = words.slice(1).map((word, index) => `${words[index]}${word}`);
	const triples = words
		.slice(2)
		.map((word, index) => `${words[index]}${words[index + 1]}${word}`);
	return [...pairs, ...triples];
}

/** One letter too many, too few, other, or two swapped; the first letter is right. */
function isNear(left: string, right: string): boolean {
	if (left[0] !== right[0] || Math.abs(left.length - right.length) > 1)
		return false;
	let at = 0;
	while (at < left.length && left[at] === right[at]) at++;
	const [a, b] = [left.slice(at), right.slice(at)];
	return (
		a.slice(1) === b.slice(1) ||
		a.slice(1) === b ||
		a === b.slice(1) ||
		(a.length > 1 &&
			a[0] === b[1] &&
			a[1] === b[0] &&
			a.slice(2) === b.slice(2))
	);
}
