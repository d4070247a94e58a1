import type {
	FastifyError,
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
} from "fastify";
import { retryAfterHeader, toErrorBody } from "../core/error-body.ts";
import { type ErrorCode, GalleyError, toGalleyError } from "../core/errors.ts";
import { isKservePath, toKserveErrorBody } from "./kserve/kserve-errors.ts";
import {
	isMessagePath,
	toMessageErrorBody,
} from "./messages/message-errors.ts";

/** What Fastify itself throws, in our words. Anything with another code is judged by its status. */
const frameworkErrors: Record<
	string,
	{ code: ErrorCode; message: (request: FastifyRequest) => string }
> = {
	FST_ERR_CTP_BODY_TOO_LARGE: {
		code: "payload_too_large",
		message: (request) =>
			`The request body is larger than this server's limit of ${bodyLimit(request)} bytes.`,
	},
	FST_ERR_CTP_INVALID_MEDIA_TYPE: {
		code: "unsupported_media_type",
		message: () =>
			"Send the body as JSON with the header 'Content-Type: application/json'.",
	},
	FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
		code: "invalid_request",
		message: () =>
			"The body's size is not what the Content-Length header says.",
	},
	FST_ERR_BAD_URL: {
		code: "invalid_request",
		message: () => "The path is not a valid URL: check its percent-encoding.",
	},
	ECONNRESET: {
		code: "client_closed",
		message: () => "The client closed the connection.",
	},
};

function bodyLimit(request: FastifyRequest): number {
	return (
		request.routeOptions.bodyLimit ??
		request.server.initialConfig.bodyLimit ??
		0
	);
}

function toApiError(thrown: unknown, request: FastifyRequest): GalleyError {
	if (thrown instanceof GalleyError) return thrown;
	if (!(thrown instanceof Error)) return toGalleyError(thrown);
	const { code, statusCode, message } = thrown as FastifyError;
	const known = frameworkErrors[code];
	if (known !== undefined)
		return new GalleyError(known.code, known.message(request), {
			cause: thrown,
		});
	if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
		return new GalleyError("invalid_request", message, { cause: thrown });
	}
	return toGalleyError(thrown);
}

export function sendError(
	thrown: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): FastifyReply {
	const error = toApiError(thrown, request);
	request.record.error = error;
	if (isMessagePath(request.url)) reply.header("request-id", request.id);
	return reply
		.code(error.status)
		.headers(retryAfterHeader(error))
		.type("application/json; charset=utf-8")
		.send(JSON.stringify(toBodyFor(request, error)));
}

/** In the words of the API that the path belongs to. */
function toBodyFor({ url, id }: FastifyRequest, error: GalleyError): unknown {
	if (isMessagePath(url)) return toMessageErrorBody(error, id);
	if (isKservePath(url)) return toKserveErrorBody(error);
	return toErrorBody(error);
}

export function registerErrorHandler(app: FastifyInstance): void {
	app.setErrorHandler((thrown, request, reply) =>
		sendError(thrown, request, reply),
	);
}
