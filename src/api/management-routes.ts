import type { FastifyInstance } from "fastify";
import type { ServiceContext } from "./api-context.ts";
import type { DocumentedRoutes } from "./openapi-document.ts";
import { docs, docsPolicy, docsScript } from "./routes/docs.ts";
import {
	healthSchema,
	live,
	liveSchema,
	ready,
	readySchema,
} from "./routes/health.ts";
import {
	licenseSchema,
	licenseText,
	manifest,
	manifestSchema,
	metadata,
	metadataSchema,
	version,
	versionSchema,
} from "./routes/management.ts";
import {
	metrics,
	metricsSchema,
	shortMetricsSchema,
} from "./routes/metrics.ts";
import {
	listModels,
	listModelsSchema,
	retrieveModel,
	retrieveModelSchema,
} from "./routes/models.ts";
import { openApi, openApiSchema } from "./routes/openapi.ts";

/** The routes that a service has whatever its model does. `routes` are all that it has, these included, for its document. */
export function registerManagementRoutes(
	app: FastifyInstance,
	context: ServiceContext,
	routes: DocumentedRoutes,
): void {
	// No key is asked for where `needsKey` is false.
	const open = { config: { needsKey: false } };
	const openMetrics = { config: { needsKey: context.options.metricsNeedKey } };
	// Not part of the document they show.
	const page = {
		schema: { hide: true },
		helmet: {
			contentSecurityPolicy: { useDefaults: false, directives: docsPolicy },
		},
	};

	app.get("/v1/models", { schema: listModelsSchema }, listModels(context));
	app.get(
		"/v1/models/*",
		{ schema: retrieveModelSchema },
		retrieveModel(context),
	);

	app.get("/v1/health/live", { schema: liveSchema, ...open }, live(context));
	app.get("/v1/health/ready", { schema: readySchema, ...open }, ready(context));
	app.get("/health", { schema: healthSchema, ...open }, ready(context));
	if (context.options.servesMetrics) {
		app.get(
			"/v1/metrics",
			{ schema: metricsSchema, ...openMetrics },
			metrics(context),
		);
		app.get(
			"/metrics",
			{ schema: shortMetricsSchema, ...openMetrics },
			metrics(context),
		);
	}

	app.get("/v1/metadata", { schema: metadataSchema }, metadata(context));
	app.get("/v1/manifest", { schema: manifestSchema }, manifest(context));
	app.get("/v1/version", { schema: versionSchema }, version(context));
	app.get("/v1/license", { schema: licenseSchema }, licenseText(context));

	app.get("/openapi.json", { schema: openApiSchema }, openApi(context, routes));
	app.get("/docs", page, docs());
	app.get("/docs/scalar.js", page, docsScript());
}
