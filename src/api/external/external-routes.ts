import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ExternalService } from "../../external/external-service.ts";
import type { ServiceMetrics } from "../../observability/service-metrics.ts";
import type { ServiceContext } from "../api-context.ts";
import { registerManagementRoutes } from "../management-routes.ts";
import { requireReady } from "../require-ready.ts";
import { describeRoute } from "../route-schema.ts";
import { DoorObserver } from "./door-observer.ts";

export interface ExternalContext extends ServiceContext {
	readonly service: ExternalService;
	readonly doorMetrics: ServiceMetrics;
}

interface PassedRoute {
	method: "GET" | "POST" | "DELETE";
	path: string;
	id: string;
	summary: string;
	/** The body says which model. */
	needsModel?: boolean;
	forAdmins?: boolean;
}

const post = (path: string, id: string, summary: string): PassedRoute => ({
	method: "POST",
	path,
	id,
	summary,
	needsModel: true,
});

const response = "/v1/responses/:response_id";

/** What is passed on; whether the engine knows it, the engine says. */
const passedRoutes: readonly PassedRoute[] = [
	post("/v1/chat/completions", "createChatCompletion", "Answer a chat"),
	post("/v1/completions", "createCompletion", "Continue a text"),
	post("/v1/responses", "createResponse", "Answer with a response"),
	post("/v1/messages", "createMessage", "Answer as Anthropic's API does"),
	post("/v1/messages/count_tokens", "countMessageTokens", "Count tokens"),
	post("/v1/embeddings", "createEmbedding", "Texts to vectors"),
	post("/v1/rerank", "rerank", "Order documents by a query"),
	post("/v2/rerank", "rerankV2", "Order documents by a query"),
	post("/v1/score", "score", "Score pairs of texts"),
	post("/v1/audio/transcriptions", "transcribe", "Speech to text"),
	post("/v1/audio/translations", "translate", "Speech to English text"),
	post("/v1/audio/speech", "speak", "Text to speech"),
	{ ...post("/tokenize", "tokenize", "Text to tokens"), needsModel: false },
	{ ...post("/detokenize", "detokenize", "Tokens to text"), needsModel: false },
	{
		method: "GET",
		path: response,
		id: "retrieveResponse",
		summary: "A stored response",
	},
	{
		method: "DELETE",
		path: response,
		id: "deleteResponse",
		summary: "Delete a stored response",
	},
	{
		method: "POST",
		path: `${response}/cancel`,
		id: "cancelResponse",
		summary: "Cancel a response",
	},
	{
		...post("/v1/load_lora_adapter", "loadAdapter", "Load an adapter"),
		needsModel: false,
		forAdmins: true,
	},
	{
		...post("/v1/unload_lora_adapter", "unloadAdapter", "Unload an adapter"),
		needsModel: false,
		forAdmins: true,
	},
];

/** Every route of a service whose engine is somebody else's server. Before each: see http-surface.ts. */
export function registerExternalRoutes(
	app: FastifyInstance,
	context: ExternalContext,
): void {
	app.register(async (scope) => {
		// Bodies go on byte for byte: what is in them is for the engine to say.
		scope.removeAllContentTypeParsers();
		scope.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) =>
			done(null, body),
		);
		registerPassedRoutes(scope, context);
	});
	registerManagementRoutes(app, context, {
		register: (scope) => registerExternalRoutes(scope, context),
		examples: async () => ({}),
	});
}

function registerPassedRoutes(
	app: FastifyInstance,
	context: ExternalContext,
): void {
	const onRequest = requireReady(context);
	for (const {
		method,
		path,
		id,
		summary,
		needsModel,
		forAdmins,
	} of passedRoutes) {
		if (forAdmins === true && !context.options.managesAdapters) continue;
		app.route({
			method,
			url: path,
			schema: describeRoute({
				id,
				summary,
				tag: "Inference",
				answer: "What the engine answers.",
				isStream: true,
			}),
			onRequest,
			...(forAdmins === true ? { config: { needsAdminKey: true } } : {}),
			handler: passOn(context, needsModel === true),
		});
	}
}

function passOn(context: ExternalContext, needsModel: boolean) {
	const { service, doorMetrics } = context;
	return async (
		request: FastifyRequest,
		reply: FastifyReply,
	): Promise<FastifyReply> => {
		const { record } = request;
		const observer = new DoorObserver(doorMetrics, record.startedAt);
		// What the surface says of every answer: its id, where pages may call from, and so on.
		for (const [name, value] of Object.entries(reply.getHeaders()))
			if (value !== undefined) reply.raw.setHeader(name, value);
		request.raw.headers["x-request-id"] = request.id;
		const ended = await service.answer({
			request: request.raw,
			response: reply.raw,
			body: Buffer.isBuffer(request.body) ? request.body : null,
			needsModel,
			observer,
			onBegin: (model) => {
				record.model = model;
				observer.begin();
			},
		});
		reply.hijack();
		observer.settle(ended);
		record.promptTokens = observer.promptTokens;
		record.completionTokens = observer.completionTokens;
		return reply;
	};
}
