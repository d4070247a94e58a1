import fastify, { type FastifyInstance, LogController } from "fastify";
import type { Application } from "../application.ts";
import { addTracing } from "./add-tracing.ts";
import { renderError } from "./api-error.ts";
import { Callers } from "./callers.ts";
import { addChatRoutes } from "./chat-routes.ts";
import { addCollectionRoutes } from "./collection-routes.ts";
import { addConversationRoutes } from "./conversation-routes.ts";
import { addDocumentRoutes } from "./document-routes.ts";
import { addExploreRoutes } from "./explore-routes.ts";
import { addIngestRoutes } from "./ingest-routes.ts";
import { addJobRoutes } from "./job-routes.ts";
import { collectOpenApi } from "./openapi.ts";
import { addPageRoutes } from "./page-routes.ts";
import { addSearchRoutes } from "./search-routes.ts";
import { addSystemRoutes } from "./system-routes.ts";
import { validateByZod } from "./zod-types.ts";

/** All routes on one screen. */
export async function createServer(
	application: Application,
): Promise<FastifyInstance> {
	const { config, metrics, tracing } = application;
	const app = validateByZod(
		fastify({
			logger:
				config.logLevel === "silent"
					? false
					: { level: config.logLevel, redact: ["req.headers.authorization"] },
			// The metrics count requests; the log is for what goes wrong.
			logController: new LogController({ disableRequestLogging: true }),
			bodyLimit: 8_000_000,
			exposeHeadRoutes: false,
			forceCloseConnections: true,
		}),
	);
	const callers = new Callers(config);
	addTracing(app, tracing);
	const openApi = collectOpenApi(app, callers.areNamed);
	app.decorateRequest("principal");
	app.addHook("onRequest", async (request, reply) => {
		reply.headers({
			"x-content-type-options": "nosniff",
			"referrer-policy": "no-referrer",
		});
		const origin = callers.allowedOrigin(request);
		if (origin !== null)
			reply.headers({
				"access-control-allow-origin": origin,
				"access-control-allow-headers": "authorization, content-type",
				"access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
				vary: "origin",
			});
		callers.refuseStrangers(request);
	});
	app.addHook("onResponse", async (request, reply) => {
		const route = request.routeOptions.url ?? "none";
		const status = String(reply.statusCode);
		metrics.requests.inc({ route, method: request.method, status });
		metrics.requestSeconds.observe({ route }, reply.elapsedTime / 1000);
	});
	app.setErrorHandler((error, request, reply) => {
		const { status, body } = renderError(error);
		if (status >= 500) request.log.error(error);
		return reply.code(status).send(body);
	});
	app.setNotFoundHandler((request, reply) => {
		// The browser's question whether it may ask.
		if (request.method === "OPTIONS" && callers.allowedOrigin(request) !== null)
			return reply.code(204).send();
		const what = `${request.method} ${request.url.split("?")[0]}`;
		const { status, body } = renderError({
			code: "not_found",
			message: `There is no ${what}. GET /openapi.json lists what there is.`,
		});
		return reply.code(status).send(body);
	});
	addSystemRoutes(app, application, openApi);
	await addPageRoutes(app);
	await app.register(async (v1) => {
		v1.addHook("onRequest", async (request) => {
			request.principal = callers.principal(request);
		});
		const scope = validateByZod(v1);
		addCollectionRoutes(scope, application);
		addDocumentRoutes(scope, application);
		addIngestRoutes(scope, application);
		addJobRoutes(scope, application);
		addSearchRoutes(scope, application);
		addChatRoutes(scope, application);
		addConversationRoutes(scope, application);
		addExploreRoutes(scope, application);
	});
	return app as unknown as FastifyInstance;
}
