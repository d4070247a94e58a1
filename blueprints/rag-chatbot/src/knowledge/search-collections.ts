import type { FoundPassage, KnowledgeBase, Principal } from "galley/store";
import type { Search } from "../answer/answer-question.ts";

export type CollectionPassage = FoundPassage & { relevance: number | null };

/** Searches what this principal may read, and of it these collections; null: all of it. */
export function searchCollections(
	base: KnowledgeBase,
	principal: Principal,
	collectionIds: readonly string[] | null,
	embeddingModel: string,
): (...asked: Parameters<Search>) => Promise<CollectionPassage[]> {
	return async ({ words, vector, limit, signal }) => {
		const found = await base.search(principal, {
			collectionIds,
			text: words,
			vector: vector && { values: vector, model: embeddingModel },
			limit,
			depth: Math.max(50, 2 * limit),
			signal,
		});
		return found.map((passage) => ({ ...passage, relevance: null }));
	};
}
