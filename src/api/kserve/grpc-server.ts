import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type {
	Metadata,
	Server,
	ServerCredentials,
	ServerUnaryCall,
	sendUnaryData,
	UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { GalleyError, toGalleyError } from "../../core/errors.ts";
import type { TlsMaterial } from "../api-options.ts";
import { createKeyCheck } from "../authentication.ts";
import type { EncoderContext } from "../encoders/encoder-context.ts";
import type { EncodingCall } from "../encoders/encoding-call.ts";
import { unreadyError } from "../service-state.ts";
import {
	type ModelInferRequest,
	type ModelName,
	toModelInferResponse,
	toParameters,
	toTensors,
} from "./grpc-messages.ts";
import { toGrpcStatus } from "./grpc-status.ts";
import {
	checkModel,
	chooseOutputs,
	describeModel,
	describeServer,
	type InferenceModel,
} from "./inference-model.ts";

const serviceName = "inference.GRPCInferenceService";
const protocolFile = new URL(
	"../../../docs/protocol/inference.proto",
	import.meta.url,
);
const maxRequestIdLength = 128;

export interface GrpcServer {
	/** The one that was taken, where 0 was asked for. */
	port: number;
	/** Takes no new calls and lets those that run finish, up to so many milliseconds. */
	close(drainMs: number): Promise<void>;
}

/**
 * The open inference protocol (KServe v2) on gRPC: the service behind the HTTP surface, with the same keys, TLS, metrics and
 * log lines. Health and readiness answer without a key.
 */
export async function startGrpcServer(
	context: EncoderContext,
	model: InferenceModel,
	where: { host: string; port: number },
): Promise<GrpcServer> {
	const [grpc, { load }] = await Promise.all([
		import("@grpc/grpc-js"),
		import("@grpc/proto-loader"),
	]);
	// What fails is told by our own errors and log lines.
	grpc.setLogVerbosity(grpc.logVerbosity.NONE);
	const definitions = await load(fileURLToPath(protocolFile), {
		keepCase: true,
		longs: Number,
		defaults: true,
		oneofs: true,
	});
	const definition = definitions[serviceName];
	if (definition === undefined || "format" in definition)
		throw new GalleyError(
			"internal",
			"The description of the gRPC service is damaged: install Galley again.",
		);
	const server = new grpc.Server({
		"grpc.max_receive_message_length": context.options.maxBodyBytes * 4,
		"grpc.max_send_message_length": -1,
		"grpc.max_metadata_size": context.options.maxHeaderBytes,
	});
	server.addService(definition, createHandlers(context, model));
	const { ServerCredentials: credentials } = grpc;
	const port = await bind(
		server,
		where,
		toCredentials(credentials, context.options.tls),
	);
	return { port, close: (drainMs) => close(server, drainMs) };
}

function toCredentials(
	credentials: typeof ServerCredentials,
	tls: TlsMaterial | null,
): ServerCredentials {
	if (tls === null) return credentials.createInsecure();
	const { certificate, privateKey, clientAuthorities } = tls;
	return credentials.createSsl(
		clientAuthorities === null ? null : Buffer.from(clientAuthorities),
		[
			{
				cert_chain: Buffer.from(certificate),
				private_key: Buffer.from(privateKey),
			},
		],
		clientAuthorities !== null,
	);
}

function bind(
	server: Server,
	{ host, port }: { host: string; port: number },
	credentials: ServerCredentials,
): Promise<number> {
	const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
	return new Promise((resolve, reject) => {
		server.bindAsync(address, credentials, (cause, bound) => {
			if (cause === null) return resolve(bound);
			const message = `Can't listen for gRPC on ${address}: it is in use or not allowed. Choose another port with --grpc-port, or turn gRPC off with --grpc-port off.`;
			reject(new GalleyError("invalid_configuration", message, { cause }));
		});
	});
}

async function close(server: Server, drainMs: number): Promise<void> {
	const drained = new Promise<void>((resolve) => {
		server.tryShutdown(() => resolve());
	});
	const timer = setTimeout(() => server.forceShutdown(), drainMs);
	try {
		await drained;
	} finally {
		clearTimeout(timer);
	}
}

function createHandlers(
	context: EncoderContext,
	model: InferenceModel,
): UntypedServiceImplementation {
	const { service, options } = context;
	const isReady = () => service.state().phase === "ready";
	const open = { needsKey: false };
	const keyed = { needsKey: true };
	const answer = createAnswerer(context);
	return {
		ServerLive: answer("ServerLive", open, () => ({
			live: service.state().phase !== "failed",
		})),
		ServerReady: answer("ServerReady", open, () => ({ ready: isReady() })),
		ModelReady: answer<ModelName>("ModelReady", open, ({ name, version }) => {
			checkModel(service, model, name, version);
			return { ready: isReady() };
		}),
		ServerMetadata: answer("ServerMetadata", keyed, () =>
			describeServer(options.version),
		),
		ModelMetadata: answer<ModelName>(
			"ModelMetadata",
			keyed,
			({ name, version }) => {
				checkModel(service, model, name, version);
				return describeModel(service, model);
			},
		),
		ModelInfer: answer<ModelInferRequest>(
			"ModelInfer",
			keyed,
			async (request, call) => {
				checkModel(service, model, request.model_name, request.model_version);
				call.record.model = service.model.id;
				const unready = unreadyError(service.state());
				if (unready !== null) {
					context.metrics.requestRejected(unready.code);
					throw unready;
				}
				const outputs = await model.infer(
					{
						modelName: request.model_name,
						inputs: toTensors(request),
						parameters: toParameters(request.parameters),
					},
					call,
				);
				const names = request.outputs.map(({ name }) => name);
				return toModelInferResponse(request, chooseOutputs(outputs, names));
			},
		),
	};
}

/** Makes handlers that end each call in one answer, one log line and one metrics entry, as HTTP requests do. */
function createAnswerer({ options, metrics, logger }: EncoderContext) {
	const checkKey = createKeyCheck(
		options.apiKeyHashes,
		options.adminApiKeyHashes,
	);
	return <Request>(
		method: string,
		{ needsKey }: { needsKey: boolean },
		handle: (request: Request, call: EncodingCall) => unknown,
	) =>
		async (
			grpcCall: ServerUnaryCall<Request, unknown>,
			respond: sendUnaryData<unknown>,
		): Promise<void> => {
			const call = toCall(grpcCall);
			let error: GalleyError | null = null;
			try {
				if (needsKey) checkKey(toHeaders(grpcCall.metadata));
				respond(null, await handle(grpcCall.request, call));
			} catch (thrown) {
				error = toGalleyError(thrown);
				respond({ code: toGrpcStatus(error), details: error.message });
			}
			const seconds = (performance.now() - call.startedAt) / 1000;
			const entry = {
				requestId: call.id,
				method: "GRPC",
				route: `/${serviceName}/${method}`,
				status: error?.status ?? 200,
				durationSeconds: Math.round(seconds * 1e6) / 1e6,
				model: call.record.model,
				promptTokens: call.record.promptTokens,
				completionTokens: 0,
				errorCode: error?.code ?? null,
				param: error?.param ?? null,
			};
			metrics.observeRequest(entry);
			if (error !== null && error.status >= 500)
				logger.error({ ...entry, error }, "request failed");
			else if (options.logsRequests && needsKey) logger.info(entry, "request");
			else logger.debug(entry, "request");
		};
}

function toCall(
	grpcCall: ServerUnaryCall<unknown, unknown>,
): EncodingCall & { record: { model: string | null; promptTokens: number } } {
	const leaving = new AbortController();
	grpcCall.on("cancelled", () => leaving.abort());
	const given = toHeaders(grpcCall.metadata)["x-request-id"] ?? "";
	const isAcceptable =
		/^[\x21-\x7e]+$/.test(given) && given.length <= maxRequestIdLength;
	return {
		id: isAcceptable ? given : randomUUID(),
		startedAt: performance.now(),
		signal: leaving.signal,
		record: { model: null, promptTokens: 0 },
	};
}

function toHeaders(metadata: Metadata): Record<string, string | undefined> {
	return Object.fromEntries(
		["authorization", "x-api-key", "x-request-id"].map((name) => [
			name,
			metadata.get(name)[0]?.toString(),
		]),
	);
}
