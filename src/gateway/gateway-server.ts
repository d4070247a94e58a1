import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { retryAfterHeader } from "../core/error-body.ts";
import { type ErrorCode, GalleyError, toGalleyError } from "../core/errors.ts";
import { parseTraceparent } from "../core/trace-context.ts";
import { readBody } from "../proxy/read-body.ts";
import { errorBodyFor } from "../proxy/stream-end.ts";
import { refuseForeignPage } from "./access/own-page.ts";
import type { Authenticator, Principal, Scope } from "./access/principal.ts";
import type { Gateway } from "./gateway.ts";
import { isConsolePage } from "./http/console-files.ts";
import { type OwnAnswer, type OwnRoute, OwnRoutes } from "./http/own-route.ts";

export interface GatewayServerParts {
	gateway: Gateway;
	routes: readonly OwnRoute[];
	authenticator: Authenticator;
	/** It takes nothing new. */
	isDraining(): boolean;
	/** Hears of every error that the gateway answers with. */
	onRefusal?(code: ErrorCode): void;
	/** Set on every answer that the gateway itself writes. */
	headers?: Readonly<Record<string, string>>;
	logger: {
		warn(fields: object, message: string): void;
		error(fields: object, message: string): void;
	};
}

/** A picture or a long document in base64 fits. */
const maxBodyBytes = 100_000_000;
const sweepMs = 100;
/** A command of the gateway's own routes. */
const maxCommandBytes = 1_000_000;

/** The one door: its own few paths, and everything that names a model goes to where that model is. */
export class GatewayServer {
	readonly #parts: GatewayServerParts;
	readonly #server: Server;
	readonly #routes: OwnRoutes;
	/** Answers of own routes that go on: events. */
	readonly #streams = new Set<ServerResponse>();

	constructor(parts: GatewayServerParts) {
		this.#parts = parts;
		this.#routes = new OwnRoutes(parts.routes);
		this.#server = createServer(
			{ headersTimeout: 30_000, requestTimeout: 300_000, noDelay: true },
			(request, response) => void this.#handle(request, response),
		);
	}

	/** Resolves the address: `http://127.0.0.1:8000`. */
	async listen(host: string, port: number): Promise<string> {
		this.#server.listen(port, host);
		await once(this.#server, "listening");
		const { port: taken } = this.#server.address() as AddressInfo;
		return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`;
	}

	/** Takes no new connections, and waits for what runs up to the limit. */
	async close(limitMs: number): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		// Who watches the fleet would watch for ever.
		for (const stream of this.#streams) stream.end();
		// Connections that are kept alive become idle one after the other.
		const sweep = setInterval(
			() => this.#server.closeIdleConnections(),
			sweepMs,
		);
		this.#server.closeIdleConnections();
		const timer = setTimeout(() => this.#server.closeAllConnections(), limitMs);
		await closed;
		clearInterval(sweep);
		clearTimeout(timer);
	}

	async #handle(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const given = request.headers["x-request-id"];
		const id =
			typeof given === "string" && /^[\w.:-]{1,128}$/.test(given)
				? given
				: randomUUID();
		// Services take it over, so that one id names the request in every log.
		request.headers["x-request-id"] = id;
		const answerHeaders = { "x-request-id": id };
		try {
			await this.#answer(request, response, id, answerHeaders);
		} catch (thrown) {
			const error = toGalleyError(thrown);
			this.#parts.onRefusal?.(error.code);
			if (error.code === "internal")
				this.#parts.logger.error(
					{
						requestId: id,
						traceId: parseTraceparent(request.headers.traceparent)?.traceId,
						error: error.cause,
					},
					error.message,
				);
			if (response.headersSent) response.destroy();
			else
				send(response, {
					status: error.status,
					body: errorBodyFor(request.url ?? "", error),
					headers: {
						...answerHeaders,
						...this.#parts.headers,
						...retryAfterHeader(error),
						...(error.code === "payload_too_large"
							? { connection: "close" }
							: {}),
					},
				});
		}
	}

	async #answer(
		request: IncomingMessage,
		response: ServerResponse,
		id: string,
		answerHeaders: Record<string, string>,
	): Promise<void> {
		const arrivedAt = performance.now();
		const path = pathOf(request.url ?? "/");
		const method = request.method === "HEAD" ? "GET" : (request.method ?? "");
		const found =
			this.#routes.find(method, path) ??
			// The console finds its own way from any page of its.
			(method === "GET" && isConsolePage(request.headers.accept, path)
				? this.#routes.find(method, "/")
				: null);
		const principal = await this.#principal(request, found?.route.scope);
		if (found !== null) {
			// A route may write its answer itself.
			response.setHeader("x-request-id", id);
			const answer = await found.route.answer({
				url: urlOf(request.url ?? "/"),
				parameters: found.parameters,
				principal,
				request,
				response,
				json: (maxBytes = maxCommandBytes) => readJson(request, maxBytes),
			});
			if (answer === "written") return this.#watchStream(response);
			return send(response, {
				...answer,
				headers: { ...this.#parts.headers, ...answer.headers },
			});
		}
		if (request.method !== "POST" || principal === null)
			throw new GalleyError(
				"not_found",
				`There is no ${request.method} ${path} here. GET /v1/models lists the models; a service's own pages are at the service.`,
			);
		requireScope(principal, "inference");
		if (this.#parts.isDraining())
			throw new GalleyError("draining", "The gateway is shutting down.", {
				retryAfterSeconds: 5,
			});
		const body = await readBody(request, maxBodyBytes);
		await this.#parts.gateway.route({
			id,
			principal,
			request,
			response,
			body,
			path,
			arrivedAt,
			answerHeaders,
		});
	}

	#watchStream(response: ServerResponse): void {
		if (response.closed || response.writableFinished) return;
		this.#streams.add(response);
		response.once("close", () => this.#streams.delete(response));
	}

	/** Null where nobody has to say who he is, and nobody did. */
	async #principal(
		request: IncomingMessage,
		scope: OwnRoute["scope"] | undefined,
	): Promise<Principal | null> {
		const { authenticator } = this.#parts;
		// Health is told before it is known who may ask what.
		if (scope === "open" && authenticator.isKnown === false) return null;
		if (scope === "open")
			return authenticator.authenticate(request).catch((error: unknown) => {
				if (toGalleyError(error).code === "invalid_api_key") return null;
				throw error;
			});
		const principal = await authenticator.authenticate(request);
		if (scope !== undefined) requireScope(principal, scope);
		if (
			!authenticator.asksForKeys &&
			scope !== undefined &&
			scope !== "inference"
		)
			refuseForeignPage(request.headers);
		return principal;
	}
}

/** Two slashes at the beginning would be read as another host. */
function urlOf(target: string): URL {
	const path = target.replace(/^\/{2,}/, "/");
	return URL.canParse(path, "http://gateway")
		? new URL(path, "http://gateway")
		: new URL("http://gateway/");
}

/** Without the query. Those of models need no parsing, which would cost more than all that is done with them here. */
function pathOf(target: string): string {
	return /^(?:\/[\w-]+)+$/.test(target) ? target : urlOf(target).pathname;
}

function requireScope({ name, scopes }: Principal, scope: Scope): void {
	if (scopes.includes(scope)) return;
	throw new GalleyError(
		"permission_denied",
		`The key '${name}' has no scope '${scope}', which this needs. Ask whoever runs this gateway for one.`,
	);
}

async function readJson(
	request: IncomingMessage,
	maxBytes: number,
): Promise<unknown> {
	const text = (await readBody(request, maxBytes))?.toString() ?? "";
	if (text === "") return {};
	try {
		return JSON.parse(text);
	} catch {
		throw new GalleyError("invalid_json", "Send the body as JSON.");
	}
}

function send(
	response: ServerResponse,
	answer: Exclude<OwnAnswer, "written">,
): void {
	const { status = 200, headers = {} } = answer;
	const isJson = "body" in answer;
	const content = isJson ? JSON.stringify(answer.body) : answer.content;
	response.writeHead(status, {
		"content-type": isJson
			? "application/json; charset=utf-8"
			: answer.contentType,
		"content-length": Buffer.byteLength(content),
		...(status === 503 && !("retry-after" in headers)
			? { "retry-after": "1" }
			: {}),
		...headers,
	});
	response.end(response.req.method === "HEAD" ? undefined : content);
}
