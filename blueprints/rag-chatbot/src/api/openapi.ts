import type { FastifyInstance, FastifySchema, RouteOptions } from "fastify";
import { z } from "zod";

interface Route {
	method: string;
	url: string;
	schema: FastifySchema;
}

/** Listens to the routes as they are added; the result makes the document. */
export function collectOpenApi(
	app: Pick<FastifyInstance, never> & {
		addHook(name: "onRoute", hook: (route: RouteOptions) => void): unknown;
	},
	hasKeys: boolean,
): () => object {
	const routes: Route[] = [];
	app.addHook("onRoute", ({ method, url, schema }) => {
		if (schema?.summary === undefined) return;
		for (const one of [method].flat())
			routes.push({ method: one, url, schema });
	});
	return () => {
		const paths: Record<string, Record<string, object>> = {};
		for (const route of routes) {
			const path = route.url.replace(/:(\w+)/g, "{$1}");
			paths[path] = {
				...paths[path],
				[route.method.toLowerCase()]: operation(route),
			};
		}
		return {
			openapi: "3.1.0",
			info: {
				title: "RAG chatbot",
				version: "0.1.0",
				description:
					"Answers from your pages, with citations. /v1/chat/completions is OpenAI's, with fields added.",
			},
			paths,
			components: {
				securitySchemes: { key: { type: "http", scheme: "bearer" } },
			},
			security: hasKeys ? [{ key: [] }] : [],
		};
	};
}

function operation({ method, url, schema }: Route): object {
	const { summary, params, querystring, body } = schema;
	const parameters = [
		...fields(params).map((field) => ({
			...field,
			in: "path",
			required: true,
		})),
		...fields(querystring).map((field) => ({ ...field, in: "query" })),
	];
	return {
		summary,
		operationId: `${method.toLowerCase()}${url.replace(/[^a-z]+(\w)/gi, (_, letter: string) => letter.toUpperCase())}`,
		...(parameters.length === 0 ? {} : { parameters }),
		...(body instanceof z.ZodType
			? {
					requestBody: {
						required: true,
						content: { "application/json": { schema: jsonSchema(body) } },
					},
				}
			: {}),
		responses: {
			"200": { description: "As README.md describes it." },
			"4XX": {
				description: "What is wrong with the request.",
				content: { "application/json": { schema: errorSchema } },
			},
		},
	};
}

const errorSchema = jsonSchema(
	z.object({
		error: z.object({
			message: z.string(),
			type: z.string(),
			param: z.string().nullable(),
			code: z.string(),
		}),
	}),
);

function fields(schema: unknown): { name: string; schema: unknown }[] {
	if (!(schema instanceof z.ZodObject)) return [];
	return Object.entries(schema.shape).map(([name, field]) => ({
		name,
		schema: jsonSchema(field as z.ZodType),
	}));
}

function jsonSchema(schema: z.ZodType): object {
	const { $schema: _, ...rest } = z.toJSONSchema(schema, {
		io: "input",
		unrepresentable: "any",
	});
	return rest;
}
