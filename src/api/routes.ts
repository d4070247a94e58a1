import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./api-context.ts";
import type { ChatBody } from "./generation/chat-body.ts";
import type { CompletionBody } from "./generation/completion-body.ts";
import type { CountTokensBody, MessageBody } from "./messages/message-body.ts";
import { requireReady } from "./require-ready.ts";
import type {
	InputTokensBody,
	ResponseBody,
} from "./responses/response-body.ts";
import { ResponseDesk } from "./responses/response-desk.ts";
import { MemoryResponseStore } from "./responses/response-store.ts";
import {
	type LoadAdapterBody,
	listAdapters,
	listAdaptersSchema,
	loadAdapter,
	loadAdapterSchema,
	type UnloadAdapterBody,
	unloadAdapter,
	unloadAdapterSchema,
} from "./routes/adapters.ts";
import {
	chatCompletions,
	chatCompletionsSchema,
} from "./routes/chat-completions.ts";
import { completions, completionsSchema } from "./routes/completions.ts";
import {
	type DetokenizeBody,
	detokenize,
	detokenizeSchema,
} from "./routes/detokenize.ts";
import { docs, docsPolicy, docsScript } from "./routes/docs.ts";
import {
	healthSchema,
	live,
	liveSchema,
	ready,
	readySchema,
} from "./routes/health.ts";
import { listRequests, listRequestsSchema } from "./routes/live-requests.ts";
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
	countMessageTokens,
	countMessageTokensSchema,
	createMessage,
	createMessageSchema,
} from "./routes/messages.ts";
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
import {
	renderChat,
	renderChatSchema,
	renderCompletion,
	renderCompletionSchema,
} from "./routes/render.ts";
import {
	countInputTokens,
	countInputTokensSchema,
	createResponseSchema,
	postResponse,
} from "./routes/responses.ts";
import {
	cancelResponse,
	cancelResponseSchema,
	deleteResponse,
	deleteResponseSchema,
	listInputItems,
	listInputItemsSchema,
	retrieveResponse,
	retrieveResponseSchema,
} from "./routes/stored-responses.ts";
import {
	type TokenizeBody,
	tokenize,
	tokenizeSchema,
} from "./routes/tokenize.ts";

/** Every route of a service. Before each: a request record, CORS, security headers, the key (see server.ts). */
export function registerRoutes(
	app: FastifyInstance,
	context: ApiContext,
): void {
	// What generates asks first whether the model answers.
	const whenReady = { onRequest: requireReady(context) };
	// No key is asked for where `needsKey` is false.
	const open = { config: { needsKey: false } };
	const forAdmins = { config: { needsAdminKey: true } };
	const openMetrics = { config: { needsKey: context.options.metricsNeedKey } };
	// Not part of the document they show.
	const page = {
		schema: { hide: true },
		helmet: {
			contentSecurityPolicy: { useDefaults: false, directives: docsPolicy },
		},
	};

	app.post<{ Body: ChatBody }>(
		"/v1/chat/completions",
		{ schema: chatCompletionsSchema, ...whenReady },
		chatCompletions(context),
	);
	app.post<{ Body: CompletionBody }>(
		"/v1/completions",
		{ schema: completionsSchema, ...whenReady },
		completions(context),
	);

	const { options } = context;
	const responses = new ResponseDesk(
		new MemoryResponseStore({
			maxResponses: options.maxStoredResponses,
			maxBytes: options.maxStoredResponseBytes,
			ttlMs: options.storedResponseTtlMs,
		}),
	);
	app.post<{ Body: ResponseBody }>(
		"/v1/responses",
		{ schema: createResponseSchema, ...whenReady },
		postResponse(context, responses),
	);
	app.post<{ Body: InputTokensBody }>(
		"/v1/responses/input_tokens",
		{ schema: countInputTokensSchema },
		countInputTokens(context, responses),
	);
	app.get(
		"/v1/responses/:response_id",
		{ schema: retrieveResponseSchema },
		retrieveResponse(context, responses),
	);
	app.get(
		"/v1/responses/:response_id/input_items",
		{ schema: listInputItemsSchema },
		listInputItems(responses),
	);
	app.delete(
		"/v1/responses/:response_id",
		{ schema: deleteResponseSchema },
		deleteResponse(responses),
	);
	app.post(
		"/v1/responses/:response_id/cancel",
		{ schema: cancelResponseSchema },
		cancelResponse(responses),
	);

	app.post<{ Body: MessageBody }>(
		"/v1/messages",
		{ schema: createMessageSchema, ...whenReady },
		createMessage(context),
	);
	app.post<{ Body: CountTokensBody }>(
		"/v1/messages/count_tokens",
		{ schema: countMessageTokensSchema },
		countMessageTokens(context),
	);

	app.post<{ Body: TokenizeBody }>(
		"/tokenize",
		{ schema: tokenizeSchema },
		tokenize(context),
	);
	app.post<{ Body: DetokenizeBody }>(
		"/detokenize",
		{ schema: detokenizeSchema },
		detokenize(context),
	);
	app.post<{ Body: ChatBody }>(
		"/v1/chat/completions/render",
		{ schema: renderChatSchema },
		renderChat(context),
	);
	app.post<{ Body: CompletionBody }>(
		"/v1/completions/render",
		{ schema: renderCompletionSchema },
		renderCompletion(context),
	);

	app.get("/v1/models", { schema: listModelsSchema }, listModels(context));
	app.get(
		"/v1/models/*",
		{ schema: retrieveModelSchema },
		retrieveModel(context),
	);

	app.get(
		"/v1/adapters",
		{ schema: listAdaptersSchema },
		listAdapters(context),
	);
	if (context.options.managesAdapters) {
		app.post<{ Body: LoadAdapterBody }>(
			"/v1/load_lora_adapter",
			{ schema: loadAdapterSchema, ...forAdmins, ...whenReady },
			loadAdapter(context),
		);
		app.post<{ Body: UnloadAdapterBody }>(
			"/v1/unload_lora_adapter",
			{ schema: unloadAdapterSchema, ...forAdmins },
			unloadAdapter(context),
		);
	}

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

	app.get(
		"/v1/requests",
		{ schema: listRequestsSchema },
		listRequests(context),
	);

	app.get("/v1/metadata", { schema: metadataSchema }, metadata(context));
	app.get("/v1/manifest", { schema: manifestSchema }, manifest(context));
	app.get("/v1/version", { schema: versionSchema }, version(context));
	app.get("/v1/license", { schema: licenseSchema }, licenseText(context));

	app.get("/openapi.json", { schema: openApiSchema }, openApi(context));
	app.get("/docs", page, docs());
	app.get("/docs/scalar.js", page, docsScript());
}
