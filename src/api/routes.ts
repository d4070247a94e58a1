import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./api-context.ts";
import type { ChatBody } from "./generation/chat-body.ts";
import type { CompletionBody } from "./generation/completion-body.ts";
import { registerManagementRoutes } from "./management-routes.ts";
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
import { listRequests, listRequestsSchema } from "./routes/live-requests.ts";
import {
	countMessageTokens,
	countMessageTokensSchema,
	createMessage,
	createMessageSchema,
} from "./routes/messages.ts";
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

/** Every route of a language service. Before each: a request record, CORS, security headers, the key (see server.ts). */
export function registerRoutes(
	app: FastifyInstance,
	context: ApiContext,
): void {
	// What generates asks first whether the model answers.
	const whenReady = { onRequest: requireReady(context) };
	const forAdmins = { config: { needsAdminKey: true } };

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

	app.get(
		"/v1/requests",
		{ schema: listRequestsSchema },
		listRequests(context),
	);

	registerManagementRoutes(app, context, {
		register: (scope) => registerRoutes(scope, context),
		examples: async (model) =>
			(await import("./openapi-examples.ts")).createExamples(model),
	});
}
