/** A word of a question, stemmed, and how many chunks of the searched collections have it. */
export interface QueryWord {
	word: string;
	chunkCount: number;
}

export interface ScoredWord {
	/** A tsquery of this word alone. */
	query: string;
	/** Inverse document frequency, as in Lucene's BM25. */
	weight: number;
}

export interface WordPlan {
	/** Tsquery that chooses the chunks whose score is computed. */
	candidates: string;
	words: ScoredWord[];
}

const maxWords = 16;

/**
 * Scoring every chunk that has one of a question's words would score most of the collection, for the sake of words that say
 * little. The rare words choose the candidates, all words score them:
 *
 *   1  words by rarity, as many as together are in at most `maxCandidates` chunks: any of them;
 *   2  when already the rarest is in more: the rarest together with the next ones, until few enough are left.
 *
 * Null when no chunk has any of the words.
 */
export function planWords(
	words: readonly QueryWord[],
	totalChunks: number,
	maxCandidates: number,
): WordPlan | null {
	const found = words
		.filter(({ chunkCount }) => chunkCount > 0)
		.toSorted((a, b) => a.chunkCount - b.chunkCount)
		.slice(0, maxWords);
	const [rarest] = found;
	if (rarest === undefined) return null;
	const scored = found.map(({ word, chunkCount }) => ({
		query: quoteWord(word),
		weight: Math.log(
			1 + Math.max(0, totalChunks - chunkCount + 0.5) / (chunkCount + 0.5),
		),
	}));
	const chosen: string[] = [];
	if (rarest.chunkCount <= maxCandidates) {
		let candidates = 0;
		for (const { word, chunkCount } of found) {
			candidates += chunkCount;
			if (candidates > maxCandidates) break;
			chosen.push(quoteWord(word));
		}
		return { candidates: chosen.join(" | "), words: scored };
	}
	// As if words came independently of each other: they come together more often, so that this errs to too many.
	let expected = totalChunks;
	for (const { word, chunkCount } of found) {
		chosen.push(quoteWord(word));
		expected *= chunkCount / totalChunks;
		if (expected <= maxCandidates) break;
	}
	return { candidates: chosen.join(" & "), words: scored };
}

/** A lexeme as a tsquery reads it: in quotes, with quotes and backslashes doubled. */
export function quoteWord(word: string): string {
	return `'${word.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
