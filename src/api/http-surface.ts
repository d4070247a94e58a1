import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import fastify, {
	type FastifyInstance,
	type FastifyPluginAsync,
} from "fastify";
import { ZodType, type z } from "zod";
import type { ServiceContext } from "./api-context.ts";
import type { CorsOptions } from "./api-options.ts";
import { registerAuthentication } from "./authentication.ts";
import { Connections } from "./connections.ts";
import { registerErrorHandler, sendError } from "./errors.ts";
import { createBoundedServer } from "./http-server.ts";
import { registerJsonBody } from "./json-body.ts";
import { toRequestId } from "./request-id.ts";
import { beginRecord, registerRequestRecords } from "./request-record.ts";
import { registerUnknownRoutes } from "./unknown-routes.ts";
import { toValidationError } from "./validation-errors.ts";

/** What a kind of service answers. */
export interface RouteSet {
	register(app: FastifyInstance): void;
	/** Names of fields that other servers use, with what to send here. */
	foreignNames: Readonly<Record<string, string>>;
}

/**
 * A service on HTTP, whatever its kind, not yet listening (see listen.ts). A request passes, in this order: its record and
 * id, CORS, security headers, the key, unknown paths, the service's state, the body's parser, the body's schema, the
 * route.
 */
export function createHttpSurface(
	{ metrics, logger, options, tracing }: Omit<ServiceContext, "service">,
	{ register, foreignNames }: RouteSet,
): FastifyInstance {
	const observers = {
		metrics,
		logger,
		logsRequests: options.logsRequests,
		tracing,
	};
	const app = fastify({
		serverFactory: (listener) => createBoundedServer(options, listener),
		bodyLimit: options.maxBodyBytes,
		genReqId: toRequestId,
		// Malformed paths end before the first hook, which would have made the record.
		frameworkErrors: (thrown, request, reply) => {
			beginRecord(request, reply, observers);
			sendError(thrown, request, reply);
		},
		clientErrorHandler: (cause, socket) =>
			connections.answerClientError(cause, socket),
		// The service's state answers while it drains; the connection would otherwise get Fastify's own words.
		return503OnClosing: false,
		routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
	});
	app.setValidatorCompiler(({ schema }) =>
		createBodyCheck(schema, foreignNames),
	);
	app.setSerializerCompiler(() => JSON.stringify);
	const connections = new Connections(app.server);
	app.addHook("preClose", async () => connections.beginClosing());
	registerErrorHandler(app);
	registerRequestRecords(app, observers);
	registerJsonBody(app, options);
	if (options.cors !== null) app.register(cors, toCorsSettings(options.cors));
	app.register(helmet, {
		contentSecurityPolicy: {
			useDefaults: false,
			directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
		},
		// Over plain HTTP the header means nothing, and names served by both would break.
		strictTransportSecurity: options.tls !== null,
	});
	app.register(
		onRoot(async (root) => {
			registerAuthentication(
				root,
				options.apiKeyHashes,
				options.adminApiKeyHashes,
			);
			registerUnknownRoutes(root);
			register(root);
		}),
	);
	return app;
}

/** Runs after the plugins before it, with its hooks on the server itself: those of 404s included. */
function onRoot(plugin: FastifyPluginAsync): FastifyPluginAsync {
	return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

function createBodyCheck(
	schema: unknown,
	foreignNames: RouteSet["foreignNames"],
) {
	if (!(schema instanceof ZodType)) return () => true;
	const knownFields =
		"shape" in schema ? Object.keys(schema.shape as object) : [];
	return (body: unknown): { value: unknown } | { error: Error } => {
		const result = (schema as z.ZodType).safeParse(body);
		if (result.success) return { value: result.data };
		return {
			error: toValidationError(result.error, body, knownFields, foreignNames),
		};
	};
}

function toCorsSettings(given: CorsOptions) {
	return {
		origin: given.allowOrigins.includes("*") ? "*" : [...given.allowOrigins],
		methods: [...given.allowMethods],
		exposedHeaders: [...given.exposeHeaders],
		credentials: given.allowCredentials,
		...(given.allowHeaders.length === 0
			? {}
			: { allowedHeaders: [...given.allowHeaders] }),
		...(given.maxAgeSeconds === null ? {} : { maxAge: given.maxAgeSeconds }),
	};
}
