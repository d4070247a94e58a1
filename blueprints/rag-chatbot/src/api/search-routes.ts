import { z } from "zod";
import { rankPassages } from "../answer/rank-passages.ts";
import type { Application } from "../application.ts";
import {
	type CollectionPassage,
	searchCollections,
} from "../knowledge/search-collections.ts";
import { isAway, ServiceError } from "../services/endpoint.ts";
import * as answers from "./answer-schemas.ts";
import { urlOf } from "./document-routes.ts";
import { whenGone } from "./event-stream.ts";
import { requireReadable } from "./rights.ts";
import type { PassageShape } from "./shapes.ts";
import type { Server } from "./zod-types.ts";

const search = z.strictObject({
	query: z.string().trim().min(1).max(4000),
	/** Without it all that the caller may read. */
	collections: z.array(z.string().max(100)).max(100).nullish(),
	limit: z.number().int().min(1).max(100).default(10),
	search: z.enum(["hybrid", "vectors", "words"]).optional(),
	rerank: z.boolean().optional(),
});

function toShape(passage: CollectionPassage): PassageShape {
	return {
		chunkId: passage.chunkId,
		documentId: passage.documentId,
		collectionId: passage.collectionId,
		title: passage.title,
		url: urlOf(passage.source),
		source: passage.source,
		headings: passage.headings,
		text: passage.text,
		start: passage.start,
		end: passage.end,
		scores: {
			search: passage.searchScore,
			words: passage.wordScore,
			similarity: passage.similarity,
			relevance: passage.relevance,
		},
	};
}

export function addSearchRoutes(
	app: Server,
	{ base, embeddings, reranker, config }: Application,
): void {
	app.post(
		"/v1/search",
		{
			schema: {
				summary: "Find passages",
				body: search,
				answers: { 200: answers.passages },
			},
		},
		async ({ principal, body }, reply) => {
			const { query, limit, collections = null } = body;
			const how = body.search ?? config.answer.search;
			const canRank =
				(body.rerank ?? config.answer.rerank) && reranker !== null;
			const signal = whenGone(reply);
			await requireReadable(base, principal, collections);
			const find = searchCollections(
				base,
				principal,
				collections,
				embeddings.endpoint.model,
			);
			const notices: string[] = [];
			const vector =
				how === "words"
					? null
					: await embeddings
							.embedQuery(query, signal)
							.catch((error: unknown) => {
								if (!isAway(error)) throw error;
								notices.push(`Searched by words alone: ${error.message}`);
								return null;
							});
			const found = await find({
				words: how === "vectors" && vector !== null ? null : query,
				vector,
				limit: canRank ? Math.max(limit, config.answer.found) : limit,
				signal,
			});
			const ranked = !canRank
				? null
				: await rankPassages(found, {
						query,
						reranker,
						wordWeight: config.answer.wordWeight,
						signal,
					}).catch((error: unknown) => {
						if (!(error instanceof ServiceError)) throw error;
						notices.push(`Not reranked: ${error.message}`);
						return null;
					});
			const passages = (ranked ?? found).slice(0, limit).map(toShape);
			return { passages, notices };
		},
	);
}
