import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import {
	type Authenticator,
	keyOf,
	type Principal,
} from "../access/principal.ts";

/**
 * The key with which applications of this fleet call the gateway: for models only, never shown. It lies in the run directory, since
 * applications outlive a gateway that is killed.
 */
export function internalKey(path: string): string {
	try {
		const key = readFileSync(path, "utf8");
		if (/^galley-internal-[\w-]{43}$/.test(key)) return key;
	} catch {
		// The first start of this fleet.
	}
	const key = `galley-internal-${randomBytes(32).toString("base64url")}`;
	writeFileSync(path, key, { mode: 0o600 });
	return key;
}

/** Knows one key more than another authenticator. */
export class WithInternalKey implements Authenticator {
	readonly #others: Authenticator;
	readonly #hash: Buffer;
	readonly #length: number;

	constructor(others: Authenticator, key: string) {
		this.#others = others;
		this.#hash = hashOf(key);
		this.#length = key.length;
	}

	get asksForKeys(): boolean {
		return this.#others.asksForKeys;
	}

	get isKnown(): boolean | undefined {
		return this.#others.isKnown;
	}

	async whenKnown(): Promise<void> {
		await this.#others.whenKnown?.();
	}

	authenticate(request: IncomingMessage): Promise<Principal> {
		const key = keyOf(request);
		// All keys of this kind are of one length: others needn't be hashed.
		return key?.length === this.#length &&
			timingSafeEqual(hashOf(key), this.#hash)
			? Promise.resolve(application)
			: this.#others.authenticate(request);
	}
}

const application: Principal = {
	keyId: null,
	name: "application",
	tenant: "default",
	scopes: ["inference"],
	models: null,
};

function hashOf(key: string): Buffer {
	return createHash("sha256").update(key).digest();
}
