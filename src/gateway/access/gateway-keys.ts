import type { IncomingMessage } from "node:http";
import { GalleyError } from "../../core/errors.ts";
import { principalOf, type StoredKey, stateOf } from "./api-key.ts";
import type { EnvironmentKeys } from "./environment-keys.ts";
import { hashOfSecret, looksLikeSecret } from "./key-secret.ts";
import type { KnownKeys } from "./known-keys.ts";
import {
	type Authenticator,
	anybody,
	keyOf,
	type Principal,
} from "./principal.ts";

/** `auto`: keys are asked for from the first one on. */
export type KeysMode = "auto" | "on" | "off";

/** Makes the first key with the scope `admin`, and nothing else. */
export const firstAdministrator: Principal = {
	keyId: null,
	name: "first administrator",
	tenant: "default",
	scopes: ["admin"],
	models: [],
};

/**
 * Who asks:
 *
 *     1. a key of the environment     may do everything
 *     2. a key of the database        what it is for, unless it is revoked or expired
 *     3. nobody's key                 anybody, where no keys are asked for
 *     4. POST /v1/keys from this very machine, while no key can administer: the first administrator
 *     5. everybody else is refused
 */
export class GatewayKeys implements Authenticator {
	readonly #environment: EnvironmentKeys;
	readonly #known: KnownKeys;
	readonly #mode: KeysMode;
	readonly #principals = new WeakMap<StoredKey, Principal>();

	constructor(
		environment: EnvironmentKeys,
		known: KnownKeys,
		mode: KeysMode = "auto",
	) {
		this.#environment = environment;
		this.#known = known;
		this.#mode = mode;
	}

	get asksForKeys(): boolean {
		if (this.#environment.asksForKeys || this.#mode === "on") return true;
		if (this.#mode === "off") return false;
		return !this.#known.isLoaded || this.#known.hasAny;
	}

	get isKnown(): boolean {
		if (this.#environment.asksForKeys || this.#mode !== "auto") return true;
		return this.#known.isLoaded;
	}

	async whenKnown(): Promise<void> {
		if (!this.isKnown) await this.#known.load();
	}

	async authenticate(request: IncomingMessage): Promise<Principal> {
		const secret = keyOf(request);
		if (secret !== null && this.#environment.asksForKeys) {
			if (this.#environment.knows(secret))
				return this.#environment.authenticate(request);
		}
		if (!this.isKnown) await this.whenKnown();
		if (secret !== null && looksLikeSecret(secret)) {
			const principal = await this.#ofDatabase(secret);
			if (principal !== null) return principal;
		}
		if (!this.asksForKeys) return anybody;
		if (await this.#isFirstAdministrator(request)) return firstAdministrator;
		throw new GalleyError(
			"invalid_api_key",
			"Send a key of this gateway as 'Authorization: Bearer KEY'.",
		);
	}

	/** Null for a secret that no key has. */
	async #ofDatabase(secret: string): Promise<Principal | null> {
		const hash = hashOfSecret(secret);
		const key = await this.#known.find(hash);
		if (key === null) return null;
		const now = Date.now();
		const state = stateOf(key, now);
		if (state !== "active")
			throw new GalleyError(
				"invalid_api_key",
				state === "revoked"
					? `The key ${key.prefix}... is revoked.`
					: `The key ${key.prefix}... has expired.`,
			);
		const isReplaced =
			key.secretHash !== hash && (key.previousExpiresAt?.getTime() ?? 0) <= now;
		if (isReplaced)
			throw new GalleyError(
				"invalid_api_key",
				`This secret was replaced by ${key.prefix}...; the time in which both were taken is over.`,
			);
		const known = this.#principals.get(key);
		if (known !== undefined) return known;
		const principal = principalOf(key);
		this.#principals.set(key, principal);
		return principal;
	}

	async #isFirstAdministrator(request: IncomingMessage): Promise<boolean> {
		if (this.#environment.asksForKeys || keyOf(request) !== null) return false;
		if (request.method !== "POST" || request.url !== "/v1/keys") return false;
		if (!isDirectFromHere(request)) return false;
		await this.#known.load();
		return !this.#known.hasAdmin(Date.now());
	}
}

/** A proxy on this machine is no proof that its client is here. */
function isDirectFromHere({ socket, headers }: IncomingMessage): boolean {
	const address = socket.remoteAddress ?? "";
	const isLoopback = /^(::ffff:)?127\.|^::1$/.test(address);
	const isForwarded =
		"forwarded" in headers || "x-forwarded-for" in headers || "via" in headers;
	return isLoopback && !isForwarded && headers.origin === undefined;
}
