/** Share of the question's words that a text has, rare-looking ones (long, with digits or capitals) counting more. */
export function sharedWords(question: string, text: string): number {
	const asked = wordsOf(question);
	const there = new Set(wordsOf(text).map(stem));
	let shared = 0;
	let all = 0;
	for (const word of new Set(asked)) {
		const weight = fillers.has(word) ? 0.05 : Math.min(2, word.length / 4);
		all += weight;
		if (there.has(stem(word))) shared += weight;
	}
	return all === 0 ? 0 : shared / all;
}

/** How many words a text has that say something. */
export function contentWords(text: string): number {
	return new Set(wordsOf(text).filter((word) => !fillers.has(word))).size;
}

/** How much two texts are the same words, small ones too: 1 where all are (Dice's coefficient). */
export function sameWords(one: string, other: string): number {
	const left = new Set(wordsOf(one).map(stem));
	const right = new Set(wordsOf(other).map(stem));
	const shared = [...left].filter((word) => right.has(word)).length;
	return left.size + right.size === 0
		? 0
		: (2 * shared) / (left.size + right.size);
}

function wordsOf(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Enough to bring "routes", "routed" and "routing" together; a search engine's stemmer would do no harm. */
function stem(word: string): string {
	return word.length < 5 ? word : word.replace(/(?:ing|ed|es|s|e)$/, "");
}

const fillers = new Set(
	"a an and any are as at be by can did do does for from get gets had has have how i if in into is it its many may me much must my of on one or our say says should so tell than that the their them then there these they this to use used uses using was we were what when where which while who whom whose why will with would you your".split(
		" ",
	),
);
