import type { FastifyInstance } from "fastify";
import type { ExternalService } from "../../external/external-service.ts";
import type { ServiceMetrics } from "../../observability/service-metrics.ts";
import { type ApiOptions, defaultApiOptions } from "../api-options.ts";
import { createHttpSurface } from "../http-surface.ts";
import type { ApiLogger } from "../observers.ts";
import { registerExternalRoutes } from "./external-routes.ts";

export interface ExternalServerParts {
	service: ExternalService;
	metrics: ServiceMetrics;
	logger: ApiLogger;
	options: Partial<ApiOptions> & Pick<ApiOptions, "version">;
}

/** The HTTP surface in front of an engine that is somebody else's server, not yet listening (see listen.ts). */
export function createExternalServer({
	service,
	metrics,
	logger,
	options: given,
}: ExternalServerParts): FastifyInstance {
	const options: ApiOptions = { ...defaultApiOptions, ...given };
	const context = { service, metrics, doorMetrics: metrics, logger, options };
	return createHttpSurface(context, {
		register: (root) => registerExternalRoutes(root, context),
		foreignNames: {},
	});
}
