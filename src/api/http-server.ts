import {
	createServer as createHttpServer,
	type RequestListener,
	type Server,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { ApiOptions } from "./api-options.ts";

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
	return server;
}
