import type { Collection } from "galley/store";
import { z } from "zod";
import type { Application } from "../application.ts";
import type { Reading } from "../jobs/job.ts";
import * as answers from "./answer-schemas.ts";
import type { Access, CollectionShape } from "./shapes.ts";
import { idParams, type Server } from "./zod-types.ts";

const name = z.string().trim().min(1).max(200);
const description = z.string().max(2000);
const newCollection = z.strictObject({
	name,
	description: description.default(""),
	/** Of the words: `english`, `german` ..., `simple` for none. */
	language: z.string().max(40).default("english"),
});
const change = z.strictObject({
	name: name.optional(),
	description: description.optional(),
});
const grantParams = z.strictObject({
	id: z.string().max(100),
	principal: z.string().regex(/^(\*|[a-zA-Z0-9._-]{1,100})$/),
});
const grant = z.strictObject({ access: z.enum(["write", "read"]) });

const accessOf: Record<Collection["role"], Access> = {
	owner: "owner",
	writer: "write",
	reader: "read",
};

function toShape(
	collection: Collection,
	readings: ReadonlyMap<string, Reading>,
): CollectionShape {
	return {
		id: collection.id,
		name: collection.name,
		description: collection.description,
		documents: collection.documentCount,
		chunks: collection.chunkCount,
		embeddingModel: collection.embeddingModel,
		createdAt: collection.createdAt.toISOString(),
		access: accessOf[collection.role],
		reading: readings.get(collection.id) ?? null,
	};
}

/** The principal of a key's name; everybody stays everybody. */
function grantee(principal: string): string {
	return principal === "*" ? "*" : `key:${principal}`;
}

export function addCollectionRoutes(
	app: Server,
	{ base, embeddings, jobs }: Application,
): void {
	const { collections } = base;
	const shapeOf = async (collection: Collection) =>
		toShape(collection, await jobs.readings([collection.id]));
	app.get(
		"/v1/collections",
		{
			schema: {
				summary: "Collections that the caller may read",
				answers: { 200: answers.collections },
			},
		},
		async ({ principal }) => {
			const all = await collections.list(principal);
			const readings = await jobs.readings(all.map(({ id }) => id));
			return {
				collections: all.map((collection) => toShape(collection, readings)),
			};
		},
	);
	app.post(
		"/v1/collections",
		{
			schema: {
				summary: "Make a collection",
				body: newCollection,
				answers: { 201: answers.collection },
			},
		},
		async ({ principal, body }, reply) => {
			// How long its vectors are, only the model knows.
			const probe = await embeddings.embedQuery("probe");
			const collection = await collections.create(principal, {
				...body,
				embeddingModel: embeddings.endpoint.model,
				dimensions: probe.length,
			});
			return reply.code(201).send(await shapeOf(collection));
		},
	);
	app.get(
		"/v1/collections/:id",
		{
			schema: {
				summary: "A collection",
				params: idParams,
				answers: { 200: answers.collection },
			},
		},
		async ({ principal, params }) =>
			shapeOf(await collections.get(principal, params.id)),
	);
	app.patch(
		"/v1/collections/:id",
		{
			schema: {
				summary: "Rename a collection",
				answers: { 200: answers.collection },
				params: idParams,
				body: change,
			},
		},
		async ({ principal, params, body }) =>
			shapeOf(
				await collections.update(principal, params.id, {
					...(body.name === undefined ? {} : { name: body.name }),
					...(body.description === undefined
						? {}
						: { description: body.description }),
				}),
			),
	);
	app.delete(
		"/v1/collections/:id",
		{
			schema: {
				summary: "Delete a collection with all that is in it",
				answers: { 204: null },
				params: idParams,
			},
		},
		async ({ principal, params }, reply) => {
			const { role } = await collections.get(principal, params.id);
			if (role === "owner") await jobs.cancelAll(params.id);
			await collections.remove(principal, params.id);
			return reply.code(204).send();
		},
	);
	app.get(
		"/v1/collections/:id/grants",
		{
			schema: {
				summary: "Who else may use a collection",
				params: idParams,
				answers: { 200: answers.grants },
			},
		},
		async ({ principal, params }) => ({
			grants: (await collections.grants(principal, params.id)).map(
				({ grantee, role }) => ({
					principal: grantee.replace(/^key:/, ""),
					access: accessOf[role],
				}),
			),
		}),
	);
	app.put(
		"/v1/collections/:id/grants/:principal",
		{
			schema: {
				summary: "Let another key, or * for all, use a collection",
				answers: { 204: null },
				params: grantParams,
				body: grant,
			},
		},
		async ({ principal, params, body }, reply) => {
			await collections.grant(principal, params.id, {
				grantee: grantee(params.principal),
				role: body.access === "write" ? "writer" : "reader",
			});
			return reply.code(204).send();
		},
	);
	app.delete(
		"/v1/collections/:id/grants/:principal",
		{
			schema: {
				summary: "Withdraw it",
				params: grantParams,
				answers: { 204: null },
			},
		},
		async ({ principal, params }, reply) => {
			await collections.revoke(principal, params.id, grantee(params.principal));
			return reply.code(204).send();
		},
	);
}
