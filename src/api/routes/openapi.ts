import type { FastifyReply, FastifyRequest } from "fastify";
import type { ServiceContext } from "../api-context.ts";
import type { DocumentedRoutes } from "../openapi-document.ts";
import { describeRoute } from "../route-schema.ts";

export const openApiSchema = describeRoute({
	id: "openapi",
	summary: "This API as an OpenAPI 3.1 document",
	tag: "Documentation",
	answer: "The document.",
});

/** Made on the first call: what makes it is loaded only then. */
export function openApi(context: ServiceContext, routes: DocumentedRoutes) {
	let document: Promise<string> | null = null;
	return async (
		_request: FastifyRequest,
		reply: FastifyReply,
	): Promise<string> => {
		document ??= import("../openapi-document.ts")
			.then(({ createOpenApiDocument }) =>
				createOpenApiDocument(context, routes),
			)
			.then((made) => JSON.stringify(made));
		reply.type("application/json; charset=utf-8");
		return document;
	};
}
