import swagger from "@fastify/swagger";
import fastify, { type FastifyInstance } from "fastify";
import { createJsonSchemaTransform } from "fastify-type-provider-zod";
import type { ServiceContext } from "./api-context.ts";
import type { OperationExample } from "./openapi-example.ts";

/** What a document is made of. */
export interface DocumentedRoutes {
	/** The routes once more, on the server that it is given. */
	register(app: FastifyInstance): void;
	/** By operation; loaded when the document is made. */
	examples(model: string): Promise<Readonly<Record<string, OperationExample>>>;
}

interface Media {
	schema: object;
	example?: unknown;
}

interface Operation {
	operationId: string;
	parameters?: { name: string; example?: unknown }[];
	requestBody?: { content: Record<string, Media> };
	responses: Record<string, { content?: Record<string, Media> }>;
}

/** What the generator makes of our routes; it declares OpenAPI's older versions too. */
interface Document {
	paths: Record<string, Record<string, Operation>>;
}

/** The routes once more, on a server that never listens, read by the OpenAPI generator. */
export async function createOpenApiDocument(
	context: ServiceContext,
	routes: DocumentedRoutes,
): Promise<unknown> {
	const app = fastify({ exposeHeadRoutes: false });
	const toJsonSchema = createJsonSchemaTransform({
		zodToJsonConfig: { unrepresentable: "any" },
	});
	app.setValidatorCompiler(() => () => true);
	app.setSerializerCompiler(() => JSON.stringify);
	await app.register(swagger, {
		openapi: {
			openapi: "3.1.0",
			info: {
				title: `Galley: ${context.service.model.id}`,
				description:
					"An inference microservice with OpenAI's API and NIM's management endpoints.",
				version: context.options.version,
				license: { name: "Apache-2.0", identifier: "Apache-2.0" },
			},
			components: {
				securitySchemes: { key: { type: "http", scheme: "bearer" } },
			},
			security: context.options.apiKeyHashes.length === 0 ? [] : [{ key: [] }],
		},
		transform: (route) => {
			const { schema, url } = toJsonSchema(route);
			return { schema, url: url.replace("*", ":model") };
		},
	});
	await app.register(async (scope) => routes.register(scope));
	await app.ready();
	const document = app.swagger();
	await app.close();
	addExamples(
		document as unknown as Document,
		await routes.examples(context.service.model.id),
	);
	return document;
}

function addExamples(
	{ paths }: Document,
	examples: Readonly<Record<string, OperationExample>>,
): void {
	for (const operation of Object.values(paths).flatMap(Object.values)) {
		const example = examples[operation.operationId];
		if (example !== undefined) addExample(operation as Operation, example);
	}
}

function addExample(
	{ parameters, requestBody, responses }: Operation,
	example: OperationExample,
): void {
	for (const parameter of parameters ?? []) {
		const value = example.parameters?.[parameter.name];
		if (value !== undefined) parameter.example = value;
	}
	for (const media of Object.values(requestBody?.content ?? {}))
		media.example = example.request;
	for (const [type, media] of Object.entries(responses["200"]?.content ?? {}))
		media.example =
			type === "text/event-stream" ? example.stream : example.answer;
}
