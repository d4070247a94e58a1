import type { FastifyInstance } from "fastify";
import type { LanguageService } from "../core/language-service.ts";
import type { Tracing } from "../observability/tracing/tracing.ts";
import { type ApiContext, createFingerprints } from "./api-context.ts";
import { type ApiOptions, defaultApiOptions } from "./api-options.ts";
import { foreignNames } from "./generation/field-policy.ts";
import { createHttpSurface } from "./http-surface.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { ApiLogger, ApiMetrics } from "./observers.ts";
import { registerRoutes } from "./routes.ts";

export interface ApiServerParts {
	service: LanguageService;
	metrics: ApiMetrics;
	logger: ApiLogger;
	tracing?: Tracing | undefined;
	options: Partial<ApiOptions> & Pick<ApiOptions, "version">;
}

/** The HTTP surface of one language service, not yet listening (see listen.ts). */
export function createApiServer({
	service,
	metrics,
	logger,
	tracing,
	options: given,
}: ApiServerParts): FastifyInstance {
	const options: ApiOptions = { ...defaultApiOptions, ...given };
	const fingerprints = createFingerprints(service, options.version);
	const context: ApiContext = {
		service,
		metrics,
		logger,
		tracing,
		options,
		keepAlive: new KeepAlive(options.sseKeepaliveMs),
		get systemFingerprint() {
			return fingerprints();
		},
	};
	return createHttpSurface(context, {
		register: (root) => registerRoutes(root, context),
		foreignNames,
	});
}
