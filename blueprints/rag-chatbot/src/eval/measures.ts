/** Usual measures of retrieval and of short answers. Lists of documents are best first; each document counts once. */

export function recallAt(
	found: readonly string[],
	relevant: readonly string[],
	k: number,
): number {
	const top = new Set(found.slice(0, k));
	return share(relevant.filter((source) => top.has(source)).length, relevant);
}

/** One over the rank of the first relevant one; 0 where none was found. */
export function reciprocalRank(
	found: readonly string[],
	relevant: readonly string[],
): number {
	const index = found.findIndex((source) => relevant.includes(source));
	return index === -1 ? 0 : 1 / (index + 1);
}

/** Järvelin and Kekäläinen 2002, with relevance 0 or 1. */
export function ndcgAt(
	found: readonly string[],
	relevant: readonly string[],
	k: number,
): number {
	const gain = (rank: number) => 1 / Math.log2(rank + 2);
	const sum = (ranks: Iterable<number>) =>
		[...ranks].reduce((total, rank) => total + gain(rank), 0);
	const hits = found
		.slice(0, k)
		.flatMap((source, rank) => (relevant.includes(source) ? [rank] : []));
	const ideal = sum(Array(Math.min(k, relevant.length)).keys());
	return ideal === 0 ? 0 : sum(hits) / ideal;
}

/** As SQuAD does: lower case, without punctuation and articles. */
export function normalised(text: string): string[] {
	return (
		text
			.toLowerCase()
			.replace(/\[\d+\]/g, " ")
			.match(/[\p{L}\p{N}]+/gu)
			?.filter((word) => !["a", "an", "the"].includes(word)) ?? []
	);
}

export function exactMatch(answer: string, expected: string): number {
	return normalised(answer).join(" ") === normalised(expected).join(" ")
		? 1
		: 0;
}

/** 1 where the expected words stand in the answer, side by side: what a quote can do, which says more than was asked. */
export function containment(answer: string, expected: string): number {
	const said = ` ${normalised(answer).join(" ")} `;
	return said.includes(` ${normalised(expected).join(" ")} `) ? 1 : 0;
}

/** Of the words that answer and expectation share, each as often as both have it. */
export function f1(answer: string, expected: string): number {
	const said = normalised(answer);
	const wanted = normalised(expected);
	const left = new Map<string, number>();
	for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
	let shared = 0;
	for (const word of said) {
		const count = left.get(word) ?? 0;
		if (count === 0) continue;
		left.set(word, count - 1);
		shared++;
	}
	if (shared === 0) return 0;
	const precision = shared / said.length;
	const recall = shared / wanted.length;
	return (2 * precision * recall) / (precision + recall);
}

/** Share of the answer's words that stand in what it cites: words from nowhere are made up. */
export function groundedness(answer: string, cited: readonly string[]): number {
	const there = new Set(cited.flatMap(normalised));
	const said = normalised(answer);
	return share(said.filter((word) => there.has(word)).length, said);
}

export function mean(values: readonly number[]): number | null {
	return values.length === 0
		? null
		: values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(count: number, of: readonly unknown[]): number {
	return of.length === 0 ? 0 : count / of.length;
}
