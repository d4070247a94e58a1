import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { GalleyError } from "../../core/errors.ts";
import {
	type Authenticator,
	anybody,
	keyOf,
	type Principal,
	scopes,
} from "./principal.ts";

/** Keys that were given at start: they may do everything. Without any, nobody is asked for one. */
export class EnvironmentKeys implements Authenticator {
	readonly #hashes: readonly Buffer[];

	/** Hex sha256 of the keys. */
	constructor(hashes: readonly string[]) {
		this.#hashes = hashes.map((hash) => Buffer.from(hash, "hex"));
	}

	get asksForKeys(): boolean {
		return this.#hashes.length > 0;
	}

	async authenticate(request: IncomingMessage): Promise<Principal> {
		if (!this.asksForKeys) return anybody;
		const key = keyOf(request);
		if (key === null || !this.knows(key))
			throw new GalleyError(
				"invalid_api_key",
				"Send a key of this gateway as 'Authorization: Bearer KEY'.",
			);
		return {
			keyId: null,
			name: "environment",
			tenant: "default",
			scopes,
			models: null,
		};
	}

	knows(key: string): boolean {
		const hash = createHash("sha256").update(key).digest();
		return this.#hashes.some((known) => timingSafeEqual(hash, known));
	}
}
