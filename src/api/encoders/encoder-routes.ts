import type { FastifyInstance } from "fastify";
import type { InferenceModel } from "../kserve/inference-model.ts";
import { registerKserveRoutes } from "../kserve/kserve-routes.ts";
import { registerManagementRoutes } from "../management-routes.ts";
import { requireReady } from "../require-ready.ts";
import type { EmbeddingBody } from "./embedding-body.ts";
import { embeddings, embeddingsSchema } from "./embeddings-route.ts";
import type {
	EmbeddingContext,
	EncoderContext,
	RankingContext,
} from "./encoder-context.ts";
import { type RankingBody, ranking, rankingSchema } from "./ranking-route.ts";
import {
	type RerankBody,
	rerank,
	rerankSchema,
	rerankV2Schema,
} from "./rerank-route.ts";
import {
	type EncoderTokenizeBody,
	tokenize,
	tokenizeSchema,
} from "./tokenize-route.ts";

/** Texts come in batches, so their bodies may be larger than those of prompts. */
const batchBodyFactor = 4;

/** What one kind of service computes. */
export type InferenceRoutes = (app: FastifyInstance) => void;

export function embeddingRoutes(context: EmbeddingContext): InferenceRoutes {
	return (app) => {
		app.post<{ Body: EmbeddingBody }>(
			"/v1/embeddings",
			{ schema: embeddingsSchema, ...batches(context) },
			embeddings(context),
		);
	};
}

export function rankingRoutes(context: RankingContext): InferenceRoutes {
	return (app) => {
		app.post<{ Body: RankingBody }>(
			"/v1/ranking",
			{ schema: rankingSchema, ...batches(context) },
			ranking(context),
		);
		app.post<{ Body: RerankBody }>(
			"/v1/rerank",
			{ schema: rerankSchema, ...batches(context) },
			rerank(context, "1"),
		);
		app.post<{ Body: RerankBody }>(
			"/v2/rerank",
			{ schema: rerankV2Schema, ...batches(context) },
			rerank(context, "2"),
		);
	};
}

function batches(context: EncoderContext) {
	return {
		onRequest: requireReady(context),
		bodyLimit: context.options.maxBodyBytes * batchBodyFactor,
	};
}

/** Every route of an embedding or reranking service. Before each: see http-surface.ts. */
export function registerEncoderRoutes(
	app: FastifyInstance,
	context: EncoderContext,
	registerInference: InferenceRoutes,
	model: InferenceModel,
): void {
	registerInference(app);
	const { bodyLimit } = batches(context);
	app.post<{ Body: EncoderTokenizeBody }>(
		"/tokenize",
		{ schema: tokenizeSchema, bodyLimit },
		tokenize(context),
	);
	registerKserveRoutes(app, context, model, bodyLimit);
	registerManagementRoutes(app, context, {
		register: (scope) =>
			registerEncoderRoutes(scope, context, registerInference, model),
		examples: async (name) =>
			(await import("./encoder-examples.ts")).createEncoderExamples(name),
	});
}
