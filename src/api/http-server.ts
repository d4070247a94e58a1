import {
	createServer as createHttpServer,
	type RequestListener,
	type Server,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { GalleyError } from "../core/errors.ts";
import type { ApiOptions } from "./api-options.ts";
import { toErrorBody } from "./errors.ts";

/**
 * Node's server with every limit set that keeps slow or greedy clients from holding it. Answers may take as long as they
 * need: `requestTimeout` ends with the request's body.
 */
export function createBoundedServer(
	options: ApiOptions,
	listener: RequestListener,
): Server {
	const limits = {
		maxHeaderSize: options.maxHeaderBytes,
		headersTimeout: Math.min(
			options.headersTimeoutMs,
			options.requestTimeoutMs,
		),
		requestTimeout: options.requestTimeoutMs,
		keepAliveTimeout: options.keepAliveTimeoutMs,
		connectionsCheckingInterval: options.connectionsCheckingIntervalMs,
		// Tokens are small packets that must not wait for each other.
		noDelay: true,
	};
	const { tls } = options;
	const server =
		tls === null
			? createHttpServer(limits, listener)
			: createHttpsServer(
					{
						...limits,
						cert: tls.certificate,
						key: tls.privateKey,
						...(tls.clientAuthorities === null
							? {}
							: {
									ca: tls.clientAuthorities,
									requestCert: true,
									rejectUnauthorized: true,
								}),
					},
					listener,
				);
	server.maxConnections = options.maxConnections;
	server.on("clientError", answerClientError);
	return server;
}

/**
 * Closes connections that were opened in advance and never used when the returned function is called. Node takes them
 * for busy, so that a server could only close after their header timeout.
 */
export function trackUnusedConnections(server: Server): () => void {
	const sockets = new Set<Socket>();
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
	});
	return () => {
		for (const socket of sockets) {
			if (socket.bytesRead === 0) socket.destroy();
		}
	};
}

/** What is not HTTP, or too slow or too long to become a request, gets an answer in the one shape as well. */
function answerClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
	if (cause.code === "ECONNRESET" || !socket.writable) {
		socket.destroy();
		return;
	}
	const { reason, error } = toRefusal(cause);
	const body = JSON.stringify(toErrorBody(error));
	socket.end(
		`HTTP/1.1 ${reason}\r\ncontent-type: application/json; charset=utf-8\r\n` +
			`content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
	);
}

function toRefusal(cause: NodeJS.ErrnoException): {
	reason: string;
	error: GalleyError;
} {
	switch (cause.code) {
		case "ERR_HTTP_REQUEST_TIMEOUT": {
			const error = new GalleyError(
				"request_timeout",
				"The request took too long to arrive. Send it faster.",
			);
			return { reason: "408 Request Timeout", error };
		}
		case "HPE_HEADER_OVERFLOW": {
			const error = new GalleyError(
				"invalid_request",
				"The request's headers are too long. Send fewer or shorter ones.",
			);
			return { reason: "431 Request Header Fields Too Large", error };
		}
		default: {
			const error = new GalleyError(
				"invalid_request",
				"This is not a valid HTTP request.",
			);
			return { reason: "400 Bad Request", error };
		}
	}
}
