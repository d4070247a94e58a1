import { passageText } from "../ingest/ingest-page.ts";
import type { RerankClient } from "../services/rerank-client.ts";
import type { FoundPassage } from "./passage.ts";
import { sameWords, sharedWords } from "./shared-words.ts";

export interface Ranking {
	query: string;
	reranker: Pick<RerankClient, "rank">;
	/** What a passage with all of the question's words has, in logits, over one with half of them, twice over; 0: the reranker alone. */
	wordWeight: number;
	signal?: AbortSignal | undefined;
}

/** Best first, with their relevance. Throws ServiceError where the reranking service fails. */
export async function rankPassages<Passage extends FoundPassage>(
	found: readonly Passage[],
	{ query, reranker, wordWeight, signal }: Ranking,
): Promise<(Passage & { relevance: number })[]> {
	const texts = found.map(({ title, ...passage }) =>
		passageText(title, passage),
	);
	const logits = await reranker.rank(query, texts, signal);
	return found
		.map((passage, index) => {
			const shared = sharedWords(query, texts[index] ?? "");
			const asked = Math.max(
				0,
				...headingsOf(passage).map((heading) => sameWords(query, heading)),
			);
			const logit = logits[index] ?? Number.NEGATIVE_INFINITY;
			return {
				...passage,
				relevance: logit + wordWeight * (shared + asked ** 2 - 0.5),
			};
		})
		.toSorted((one, other) => other.relevance - one.relevance);
}

/** Above its beginning and within it. */
function headingsOf({ headings, text }: FoundPassage): string[] {
	const within = text.match(/^#{1,6}\s.*/gm) ?? [];
	return [...headings, ...within];
}
