import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Principal } from "galley/store";
import { type Config, isLoopback } from "../config.ts";
import { ApiError } from "./api-error.ts";

/** Who calls, and whether a browser was sent by somebody else's page. */
export class Callers {
	/** Hash of a key to the name of its holder: the keys themselves are not kept. */
	readonly #names = new Map<string, string>();
	readonly #allowedOrigins: ReadonlySet<string>;

	constructor({ apiKeys, allowedOrigins }: Config) {
		for (const [name, key] of apiKeys) this.#names.set(hash(key), name);
		this.#allowedOrigins = allowedOrigins;
	}

	get areNamed(): boolean {
		return this.#names.size > 0;
	}

	/** Throws ApiError. */
	principal({ headers }: FastifyRequest): Principal {
		if (!this.areNamed) return { id: "local" };
		const [, key] = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? "") ?? [];
		const name = key === undefined ? undefined : this.#names.get(hash(key));
		if (name === undefined)
			throw new ApiError(
				"invalid_api_key",
				"This server needs a key: send it as `Authorization: Bearer KEY`.",
			);
		return { id: `key:${name}` };
	}

	/** The origin to name in CORS headers; null for none. */
	allowedOrigin({ headers }: FastifyRequest): string | null {
		const { origin } = headers;
		return origin !== undefined && this.#allowedOrigins.has(origin)
			? origin
			: null;
	}

	/**
	 * Without keys whoever reaches the server is its user, and pages of strangers reach it through the user's browser: under a
	 * name that they made point here, or by forms, which browsers send anywhere. Throws ApiError.
	 */
	refuseStrangers(request: FastifyRequest): void {
		const { headers } = request;
		const host = headers.host ?? "";
		if (!this.areNamed && !isLoopback(host.replace(/:\d+$/, "")))
			throw new ApiError(
				"permission_denied",
				`Without keys this server answers to the names of this machine only, not to ${host}.`,
			);
		const { origin } = headers;
		if (origin === undefined || this.#allowedOrigins.has(origin)) return;
		if (!URL.canParse(origin) || new URL(origin).host !== host)
			throw new ApiError(
				"permission_denied",
				`Pages of ${origin} may not call this server. RAG_ALLOWED_ORIGINS lists those that may.`,
			);
	}
}

function hash(key: string): string {
	return createHash("sha256").update(key).digest("hex");
}
