import type { FastifyInstance } from "fastify";
import type {
	EmbeddingService,
	RankingService,
} from "../../core/embedding-service.ts";
import type { Tracing } from "../../observability/tracing/tracing.ts";
import { type ApiOptions, defaultApiOptions } from "../api-options.ts";
import { createHttpSurface } from "../http-surface.ts";
import { createEmbeddingModel } from "../kserve/embedding-model.ts";
import type { InferenceModel } from "../kserve/inference-model.ts";
import { createRankingModel } from "../kserve/ranking-model.ts";
import type { ApiLogger } from "../observers.ts";
import type { EncoderApiMetrics, EncoderContext } from "./encoder-context.ts";
import {
	embeddingRoutes,
	type InferenceRoutes,
	rankingRoutes,
	registerEncoderRoutes,
} from "./encoder-routes.ts";
import { encoderForeignNames } from "./foreign-names.ts";

export interface EncoderServerParts {
	service: EmbeddingService | RankingService;
	metrics: EncoderApiMetrics;
	logger: ApiLogger;
	tracing?: Tracing | undefined;
	options: Partial<ApiOptions> & Pick<ApiOptions, "version">;
}

export interface EncoderSurface {
	/** The HTTP server, not yet listening (see listen.ts). */
	app: FastifyInstance;
	/** For the gRPC server: the same service behind another door. */
	context: EncoderContext;
	model: InferenceModel;
}

/** The API of one embedding or reranking service. */
export function createEncoderSurface({
	service,
	metrics,
	logger,
	tracing,
	options: given,
}: EncoderServerParts): EncoderSurface {
	const options: ApiOptions = { ...defaultApiOptions, ...given };
	const { context, routes, model } = ofTask(service, {
		metrics,
		logger,
		tracing,
		options,
	});
	const app = createHttpSurface(context, {
		register: (root) => registerEncoderRoutes(root, context, routes, model),
		foreignNames: encoderForeignNames,
	});
	return { app, context, model };
}

/** The one place that asks which kind of service it is. */
function ofTask(
	service: EmbeddingService | RankingService,
	parts: Omit<EncoderContext, "service">,
): { context: EncoderContext; routes: InferenceRoutes; model: InferenceModel } {
	switch (service.task) {
		case "embedding": {
			const context = { ...parts, service };
			return {
				context,
				routes: embeddingRoutes(context),
				model: createEmbeddingModel(context),
			};
		}
		case "ranking": {
			const context = { ...parts, service };
			return {
				context,
				routes: rankingRoutes(context),
				model: createRankingModel(context),
			};
		}
	}
}
