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
				[route.method.toLowerCase()]: operation(route, hasKeys),
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
				schemas: { Error: errorSchema },
				securitySchemes: { key: { type: "http", scheme: "bearer" } },
			},
			security: hasKeys ? [{ key: [] }] : [],
		};
	};
}

function operation({ method, url, schema }: Route, hasKeys: boolean): object {
	const { summary, params, querystring, body, multipart } = schema;
	const parameters = [
		...fields(params).map((field) => ({
			...field,
			in: "path",
			required: true,
		})),
		...fields(querystring).map((field) => ({ ...field, in: "query" })),
	];
	const isOpen = !url.startsWith("/v1/");
	return {
		summary,
		operationId: `${method.toLowerCase()}${url.replace(/[^a-z]+(\w)/gi, (_, letter: string) => letter.toUpperCase())}`,
		...(parameters.length === 0 ? {} : { parameters }),
		...(isOpen && hasKeys ? { security: [] } : {}),
		...(body instanceof z.ZodType
			? {
					requestBody: {
						required: true,
						content: {
							"application/json": { schema: jsonSchema(body) },
							...(multipart === undefined
								? {}
								: { "multipart/form-data": { schema: jsonSchema(multipart) } }),
						},
					},
				}
			: {}),
		responses: { ...successes(schema), ...failures(url, schema, hasKeys) },
	};
}

const reasons: Readonly<Record<number, string>> = {
	200: "Done.",
	201: "Made.",
	202: "Begun.",
	204: "Done; there is nothing to say.",
	400: "The request can't be read; `param` names the field.",
	401: "The key is missing or unknown.",
	403: "The caller may not do this.",
	404: "There is none, or not for this caller.",
	413: "The body is too large.",
	415: "The body is of another type.",
	500: "Something went wrong in this server; its log says what.",
	502: "A service behind this server refused.",
	503: "A service behind this server is away, or its database.",
};

function successes({ answers = {} }: FastifySchema): Record<string, object> {
	const described = Object.entries(answers).map(([status, answer]) => {
		const types =
			answer instanceof z.ZodType ? { "application/json": answer } : answer;
		const content = Object.entries(types ?? {}).map(([type, schema]) => [
			type,
			{ schema: jsonSchema(schema, "output") },
		]);
		return [
			status,
			{
				description: reasons[Number(status)],
				...(content.length === 0
					? {}
					: { content: Object.fromEntries(content) }),
			},
		] as const;
	});
	return Object.fromEntries(described);
}

/** What can go wrong follows from what a route takes. */
function failures(
	url: string,
	{ params, querystring, body, answers = {} }: FastifySchema,
	hasKeys: boolean,
): Record<string, object> {
	const isOfApi = url.startsWith("/v1/");
	const statuses = [
		...(params || querystring || body ? [400] : []),
		...(isOfApi && hasKeys ? [401] : []),
		403,
		...(params || body ? [404] : []),
		...(body ? [413, 415] : []),
		500,
		...(body ? [502, 503] : []),
	].filter((status) => !(status in answers));
	return Object.fromEntries(
		statuses.map((status) => [
			status,
			{
				description: reasons[status],
				content: {
					"application/json": {
						schema: { $ref: "#/components/schemas/Error" },
					},
				},
			},
		]),
	);
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

function jsonSchema(
	schema: z.ZodType,
	io: "input" | "output" = "input",
): object {
	const { $schema: _, ...rest } = z.toJSONSchema(schema, {
		io,
		unrepresentable: "any",
	});
	return rest;
}
