import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { retryAfterHeader, toErrorBody } from "../core/error-body.ts";
import { GalleyError, toGalleyError } from "../core/errors.ts";
import type { FleetStatus } from "./fleet/fleet-status.ts";
import type { Gateway } from "./gateway.ts";
import { readBody } from "./proxy/read-body.ts";
import type { ServedModels } from "./served-models.ts";

export interface GatewayServerParts {
	gateway: Gateway;
	served: ServedModels;
	status(): FleetStatus;
	scale(service: string, replicas: number): Promise<void>;
	restart(service: string): Promise<void>;
	/** Hex sha256 of the keys that open the door; empty asks for none. */
	keyHashes: readonly string[];
	logger: {
		warn(fields: object, message: string): void;
		error(fields: object, message: string): void;
	};
}

/** A picture or a long document in base64 fits. */
const maxBodyBytes = 100_000_000;

type Answer = (request: IncomingMessage, url: URL) => Promise<unknown>;

/** The one door: its own few paths, and everything that names a model goes to where that model is. */
export class GatewayServer {
	readonly #parts: GatewayServerParts;
	readonly #server: Server;
	readonly #own: ReadonlyMap<string, Answer>;
	#isDraining = false;

	constructor(parts: GatewayServerParts) {
		this.#parts = parts;
		this.#own = ownPaths(parts, () => this.#isDraining);
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

	/** Takes nothing new, and waits for what runs up to the limit. */
	async close(limitMs: number): Promise<void> {
		this.#isDraining = true;
		const closed = once(this.#server, "close");
		this.#server.close();
		this.#server.closeIdleConnections();
		const timer = setTimeout(() => this.#server.closeAllConnections(), limitMs);
		await closed;
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
		try {
			await this.#answer(request, response);
		} catch (thrown) {
			const error = toGalleyError(thrown);
			if (error.code === "internal")
				this.#parts.logger.error(
					{ request: id, error: error.cause },
					error.message,
				);
			if (response.headersSent) response.destroy();
			else {
				response.setHeader("x-request-id", id);
				send(response, error.status, toErrorBody(error), {
					...retryAfterHeader(error),
					...(error.code === "payload_too_large"
						? { connection: "close" }
						: {}),
				});
			}
		}
	}

	async #answer(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const url = new URL(request.url ?? "/", "http://gateway");
		const isOpen = url.pathname.includes("/health");
		if (!isOpen) this.#checkKey(request);
		const own = this.#own.get(`${request.method} ${url.pathname}`);
		if (own !== undefined) {
			const body = await own(request, url);
			return send(response, statusOf(url.pathname, body), body);
		}
		if (request.method !== "POST")
			throw new GalleyError(
				"not_found",
				`There is no ${request.method} ${url.pathname} here. GET /v1/models lists the models; a service's own pages are at the service.`,
			);
		if (this.#isDraining)
			throw new GalleyError("draining", "The gateway is shutting down.", {
				retryAfterSeconds: 5,
			});
		const body = await readBody(request, maxBodyBytes);
		await this.#parts.gateway.route({ request, response, body });
	}

	#checkKey(request: IncomingMessage): void {
		const { keyHashes } = this.#parts;
		if (keyHashes.length === 0) return;
		const { authorization, "x-api-key": other } = request.headers;
		const key =
			/^Bearer\s+(.+)$/i.exec(authorization ?? "")?.[1] ??
			(typeof other === "string" ? other : "");
		const hash = createHash("sha256").update(key).digest();
		const isKnown = keyHashes.some((known) =>
			timingSafeEqual(hash, Buffer.from(known, "hex")),
		);
		if (!isKnown)
			throw new GalleyError(
				"invalid_api_key",
				"Send a key of this gateway as 'Authorization: Bearer KEY'.",
			);
	}
}

function ownPaths(
	{ served, status, scale, restart }: GatewayServerParts,
	isDraining: () => boolean,
): ReadonlyMap<string, Answer> {
	const health = (message: string, ready: boolean) => ({
		object: "health.response",
		message,
		ready,
	});
	const ready: Answer = async () => {
		const { services } = status();
		const waits = services.filter(
			({ start, replicas }) =>
				start === "always" && !replicas.some(({ phase }) => phase === "ready"),
		);
		if (isDraining()) return health("draining", false);
		return waits.length === 0
			? health("ready", true)
			: health(
					`waiting for ${waits.map(({ name }) => name).join(", ")}`,
					false,
				);
	};
	return new Map<string, Answer>([
		["GET /v1/health/live", async () => health("live", true)],
		["GET /v1/health/ready", ready],
		["GET /health", ready],
		[
			"GET /v1/models",
			async () => ({ object: "list", data: await served.list() }),
		],
		["GET /v1/fleet", async () => status()],
		[
			"POST /v1/fleet/scale",
			async (request) => {
				const { service, replicas } = await command(request, status());
				if (!Number.isInteger(replicas) || replicas < 0 || replicas > 64)
					throw new GalleyError(
						"invalid_request",
						"'replicas' is a whole number from 0 to 64.",
						{ param: "replicas" },
					);
				await scale(service, replicas);
				return status();
			},
		],
		[
			"POST /v1/fleet/restart",
			async (request) => {
				const { service } = await command(request, status());
				await restart(service);
				return status();
			},
		],
	]);
}

async function command(
	request: IncomingMessage,
	{ services }: FleetStatus,
): Promise<{ service: string; replicas: number }> {
	const text = (await readBody(request, 10_000))?.toString() ?? "";
	let body: Record<string, unknown>;
	try {
		body = JSON.parse(text) as Record<string, unknown>;
	} catch {
		throw new GalleyError("invalid_json", "Send the command as JSON.");
	}
	const { service, replicas } = body;
	if (!services.some(({ name }) => name === service))
		throw new GalleyError(
			"not_found",
			`There is no service '${String(service)}' in this fleet.`,
			{ param: "service" },
		);
	return { service: String(service), replicas: Number(replicas) };
}

function statusOf(path: string, body: unknown): number {
	const isUnready =
		path.includes("health") && (body as { ready?: boolean }).ready === false;
	return isUnready ? 503 : 200;
}

function send(
	response: ServerResponse,
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): void {
	const text = JSON.stringify(body);
	response.writeHead(status, {
		"content-type": "application/json; charset=utf-8",
		"content-length": Buffer.byteLength(text),
		...(status === 503 && !("retry-after" in headers)
			? { "retry-after": "1" }
			: {}),
		...headers,
	});
	response.end(text);
}
