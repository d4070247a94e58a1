import { z } from "zod";
import type { Application } from "../application.ts";
import {
	projectToPlane,
	similarityMatrix,
} from "../explore/principal-components.ts";
import * as answers from "./answer-schemas.ts";
import { whenGone } from "./event-stream.ts";
import { idParams, type Server } from "./zod-types.ts";

const texts = z.strictObject({
	texts: z.array(z.string().trim().min(1).max(8000)).min(2).max(64),
});
const mostPoints = 5000;

export function addExploreRoutes(
	app: Server,
	{ base, database, embeddings }: Application,
): void {
	app.post(
		"/v1/explore/similarity",
		{
			schema: {
				summary: "How alike texts are to the model",
				body: texts,
				answers: { 200: answers.similarity },
			},
		},
		async ({ body }, reply) => {
			const vectors = await embeddings.embedPassages(
				body.texts,
				whenGone(reply),
			);
			return { matrix: similarityMatrix(vectors) };
		},
	);
	app.get(
		"/v1/collections/:id/map",
		{
			schema: {
				summary:
					"Chunks as points: those that say the like are near each other",
				params: idParams,
				answers: { 200: answers.collectionMap },
			},
		},
		async ({ principal, params }) => {
			const { chunkCount } = await base.collections.get(principal, params.id);
			const vectors = await base.documents.vectors(
				principal,
				params.id,
				mostPoints,
			);
			// Only ids that were just read with the caller's rights.
			const documents = await database.query<{ id: string; title: string }>(
				"select id, title from documents where id = any($1::text[]::uuid[])",
				[[...new Set(vectors.map(({ documentId }) => documentId))]],
			);
			const titles = new Map(documents.map(({ id, title }) => [id, title]));
			const points = projectToPlane(vectors.map(({ vector }) => vector));
			return {
				chunks: chunkCount,
				points: vectors.map(({ documentId, chunkId }, index) => ({
					documentId,
					chunkId,
					title: titles.get(documentId) ?? "",
					x: points[index]?.[0] ?? 0,
					y: points[index]?.[1] ?? 0,
				})),
			};
		},
	);
}
