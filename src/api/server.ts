import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import fastify, {
	type FastifyInstance,
	type FastifyPluginAsync,
} from "fastify";
import { ZodType, type z } from "zod";
import type { LanguageService } from "../core/language-service.ts";
import { type ApiContext, createFingerprints } from "./api-context.ts";
import {
	type ApiOptions,
	type CorsOptions,
	defaultApiOptions,
} from "./api-options.ts";
import { registerAuthentication } from "./authentication.ts";
import { Connections } from "./connections.ts";
import { registerErrorHandler, sendError } from "./errors.ts";
import { foreignNames } from "./generation/field-policy.ts";
import { createBoundedServer } from "./http-server.ts";
import { registerJsonBody } from "./json-body.ts";
import type { ApiLogger, ApiMetrics } from "./observers.ts";
import { toRequestId } from "./request-id.ts";
import { beginRecord, registerRequestRecords } from "./request-record.ts";
import { registerRoutes } from "./routes.ts";
import { registerUnknownRoutes } from "./unknown-routes.ts";
import { toValidationError } from "./validation-errors.ts";

export interface ApiServerParts {
	service: LanguageService;
	metrics: ApiMetrics;
	logger: ApiLogger;
	options: Partial<ApiOptions> & Pick<ApiOptions, "version">;
}

/**
 * The HTTP surface of one service, not yet listening (see listen.ts). A request passes, in this order: its record and
 * id, CORS, security headers, the key, unknown paths, the service's state, the body's parser, the body's schema, the
 * route.
 */
export function createApiServer({
	service,
	metrics,
	logger,
	options: given,
}: ApiServerParts): FastifyInstance {
	const options: ApiOptions = { ...defaultApiOptions, ...given };
	const fingerprints = createFingerprints(service, options.version);
	const context: ApiContext = {
		service,
		metrics,
		logger,
		options,
		get systemFingerprint() {
			return fingerprints();
		},
	};
	const observers = { metrics, logger, logsRequests: options.logsRequests };
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
	app.setValidatorCompiler(({ schema }) => createBodyCheck(schema));
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
			registerRoutes(root, context);
		}),
	);
	return app;
}

/** Runs after the plugins before it, with its hooks on the server itself: those of 404s included. */
function onRoot(plugin: FastifyPluginAsync): FastifyPluginAsync {
	return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

function createBodyCheck(schema: unknown) {
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
