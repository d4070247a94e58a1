import swagger from "@fastify/swagger";
import fastify from "fastify";
import { createJsonSchemaTransform } from "fastify-type-provider-zod";
import type { ApiContext } from "./api-context.ts";
import { registerRoutes } from "./routes.ts";

/** The routes once more, on a server that never listens, read by the OpenAPI generator. */
export async function createOpenApiDocument(
	context: ApiContext,
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
	await app.register(async (scope) => registerRoutes(scope, context));
	await app.ready();
	const document = app.swagger();
	await app.close();
	return document;
}
