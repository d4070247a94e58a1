import { toUsage } from "./answer.ts";
import { asList, asRecord, type Usage } from "./wire.ts";

export interface EmbeddingAnswer {
	texts: readonly string[];
	vectors: readonly (readonly number[])[];
	usage: Usage | null;
}

/** The vectors in the order of the texts; an answer that lacks one is no answer. */
export function readEmbeddings(
	body: unknown,
	texts: readonly string[],
): EmbeddingAnswer {
	const answer = asRecord(body);
	const byIndex = new Map<unknown, readonly number[]>();
	for (const item of asList(answer?.data)) {
		const { index, embedding } = asRecord(item) ?? {};
		if (
			Array.isArray(embedding) &&
			embedding.every((value) => typeof value === "number")
		)
			byIndex.set(index, embedding);
	}
	const vectors = texts.map((_, index) => {
		const vector = byIndex.get(index);
		if (vector === undefined)
			throw new Error(
				`The model gave no vector for text ${index + 1}. Is it an embedding model?`,
			);
		return vector;
	});
	const usage = asRecord(answer?.usage);
	return { texts, vectors, usage: usage === null ? null : toUsage(usage) };
}

export interface RankedPassage {
	/** Its place in the request, from 0. */
	index: number;
	text: string;
	/** The model's score; higher is more relevant. */
	logit: number;
	/** The score as a share, 0 to 1: its logistic function. */
	relevance: number;
}

interface RankingAnswer {
	passages: readonly RankedPassage[];
	usage: Usage | null;
}

/** Passages by their scores, best first; equal ones in the order they were given. */
export function readRanking(
	body: unknown,
	texts: readonly string[],
): RankingAnswer {
	const answer = asRecord(body);
	const passages = asList(answer?.rankings).flatMap((item) => {
		const { index, logit } = asRecord(item) ?? {};
		const text = typeof index === "number" ? texts[index] : undefined;
		if (typeof logit !== "number" || text === undefined) return [];
		const relevance = 1 / (1 + Math.exp(-logit));
		return [{ index: index as number, text, logit, relevance }];
	});
	if (passages.length === 0)
		throw new Error("The model ranked nothing. Is it a reranking model?");
	passages.sort(
		(left, right) => right.logit - left.logit || left.index - right.index,
	);
	const usage = asRecord(answer?.usage);
	return { passages, usage: usage === null ? null : toUsage(usage) };
}
