import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { GalleyError, toGalleyError } from "../core/errors.ts";

declare module "fastify" {
	interface FastifyContextConfig {
		/** False opens a route to requests without a key. */
		needsKey?: boolean;
		/** True asks for an admin's key: those of clients don't open the route. */
		needsAdminKey?: boolean;
	}

	interface FastifyRequest {
		/** Which key was sent, as a short hash; empty where none is asked for. */
		keyIdentity: string;
	}
}

/** Hex digits: enough to tell an operator's keys apart. */
const identityLength = 12;

/**
 * Asks every request for a key, except on routes that are open; unknown paths are answered only to those who have one.
 * Keys are known by their sha256, so neither memory nor a comparison's duration gives one away.
 */
export function registerAuthentication(
	app: FastifyInstance,
	apiKeyHashes: readonly string[],
	adminApiKeyHashes: readonly string[],
): void {
	app.decorateRequest("keyIdentity", "");
	const check = createKeyCheck(apiKeyHashes, adminApiKeyHashes);
	app.addHook("onRequest", (request, reply, done) => {
		const { needsKey, needsAdminKey } = request.routeOptions.config ?? {};
		if (needsKey === false) return done();
		try {
			request.keyIdentity = check(request.headers, needsAdminKey);
			done();
		} catch (thrown) {
			const error = toGalleyError(thrown);
			if (error.code === "invalid_api_key")
				reply.header("www-authenticate", "Bearer");
			done(error);
		}
	});
}

/** Which key was sent, as a short hash; empty where none is asked for. Throws where there is none that opens the door. */
export type KeyCheck = (
	headers: Readonly<Record<string, string | string[] | undefined>>,
	needsAdminKey?: boolean,
) => string;

export function createKeyCheck(
	apiKeyHashes: readonly string[],
	adminApiKeyHashes: readonly string[],
): KeyCheck {
	const ofClients = apiKeyHashes.map(toDigest);
	const ofAdmins = adminApiKeyHashes.map(toDigest);
	return (headers, needsAdminKey = false) => {
		if (!needsAdminKey && ofClients.length === 0) return "";
		const key = keyOf(headers);
		const digest = key === null ? null : toKeyDigest(key);
		const isAdmin = digest !== null && isAccepted(digest, ofAdmins);
		const isClient = digest !== null && isAccepted(digest, ofClients);
		if (needsAdminKey && isClient && !isAdmin)
			throw new GalleyError(
				"permission_denied",
				"This needs an admin's key, and the one that was sent is a client's: ask the operator.",
			);
		// An admin may do what clients may.
		if (digest !== null && (isAdmin || isClient))
			return digest.toString("hex").slice(0, identityLength);
		const message =
			key === null
				? "This server asks for an API key: send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'."
				: "The API key is not valid: check it for typing errors, or ask the operator for one.";
		throw new GalleyError("invalid_api_key", message);
	};
}

function toDigest(hash: string): Buffer {
	if (!/^[0-9a-f]{64}$/.test(hash)) {
		throw new GalleyError(
			"invalid_configuration",
			"An API key's hash must be 64 lower-case hex digits of its sha256.",
		);
	}
	return Buffer.from(hash, "hex");
}

function keyOf(headers: Parameters<KeyCheck>[0]): string | null {
	const { authorization } = headers;
	const bearer = /^Bearer +(\S+)$/i.exec(
		typeof authorization === "string" ? authorization : "",
	)?.[1];
	if (bearer !== undefined) return bearer;
	const own = headers["x-api-key"];
	return typeof own === "string" && own !== "" ? own : null;
}

function toKeyDigest(key: string): Buffer {
	return createHash("sha256").update(key).digest();
}

/** Looks at all of them, wherever the match is. */
function isAccepted(digest: Buffer, accepted: readonly Buffer[]): boolean {
	let hasMatch = false;
	for (const one of accepted)
		hasMatch = timingSafeEqual(digest, one) || hasMatch;
	return hasMatch;
}
