import type { DocumentFacts } from "galley/store";
import { z } from "zod";
import type { Application } from "../application.ts";
import * as answers from "./answer-schemas.ts";
import type { DocumentShape, WholeDocumentShape } from "./shapes.ts";
import { idParams, type Server } from "./zod-types.ts";

const page = z.strictObject({
	cursor: z.string().max(2000).optional(),
	limit: z.coerce.number().int().min(1).max(500).default(100),
});

function toShape(document: DocumentFacts): DocumentShape {
	return {
		id: document.id,
		collectionId: document.collectionId,
		source: document.source,
		url: urlOf(document.source),
		title: document.title,
		state: document.state,
		problem: document.problem,
		chunks: document.chunkCount,
		publishedAt: document.publishedAt?.toISOString() ?? null,
		checkedAt: document.checkedAt.toISOString(),
		createdAt: document.createdAt.toISOString(),
	};
}

/** What a reader may be sent to; files and notes are nowhere. */
export function urlOf(source: string): string | null {
	return /^https?:/.test(source) ? source : null;
}

export function addDocumentRoutes(app: Server, { base }: Application): void {
	const { collections, documents } = base;
	app.get(
		"/v1/collections/:id/documents",
		{
			schema: {
				summary: "Documents of a collection, by source",
				answers: { 200: answers.documents },
				params: idParams,
				querystring: page,
			},
		},
		async ({ principal, params, query }) => {
			await collections.get(principal, params.id);
			const { documents: some, next } = await documents.list(
				principal,
				params.id,
				{ limit: query.limit, after: query.cursor ?? null },
			);
			return { documents: some.map(toShape), cursor: next };
		},
	);
	app.get(
		"/v1/documents/:id",
		{
			schema: {
				summary: "A document: its Markdown, and where its chunks stand in it",
				answers: { 200: answers.wholeDocument },
				params: idParams,
			},
		},
		async ({ principal, params }): Promise<WholeDocumentShape> => {
			const [document, markdown, chunks] = await Promise.all([
				documents.get(principal, params.id),
				documents.content(principal, params.id),
				documents.chunks(principal, params.id),
			]);
			return {
				...toShape(document),
				markdown,
				pieces: chunks.map(({ text: _, ...place }) => place),
			};
		},
	);
	app.delete(
		"/v1/documents/:id",
		{
			schema: {
				summary: "Delete a document",
				params: idParams,
				answers: { 204: null },
			},
		},
		async ({ principal, params }, reply) => {
			const { collectionId, source } = await documents.get(
				principal,
				params.id,
			);
			await documents.remove(principal, collectionId, source);
			return reply.code(204).send();
		},
	);
}
