import type { Limits } from "../limits/limits.ts";
import type { Principal, Scope } from "./principal.ts";

/** A key as the database has it. */
export interface ApiKey {
	id: string;
	name: string;
	tenant: string;
	prefix: string;
	scopes: readonly Scope[];
	models: readonly string[] | null;
	limits: Limits;
	createdAt: Date;
	expiresAt: Date | null;
	rotatedAt: Date | null;
	revokedAt: Date | null;
	lastUsedAt: Date | null;
	/** After a rotation the secret before it is taken until then. */
	previousExpiresAt: Date | null;
}

export interface StoredKey extends ApiKey {
	secretHash: string;
	previousHash: string | null;
	changedAt: Date;
}

export type KeyState = "active" | "expired" | "revoked";

export function stateOf(
	{ expiresAt, revokedAt }: Pick<ApiKey, "expiresAt" | "revokedAt">,
	now: number,
): KeyState {
	if (revokedAt !== null) return "revoked";
	return expiresAt !== null && expiresAt.getTime() <= now
		? "expired"
		: "active";
}

export function principalOf(key: ApiKey): Principal {
	return {
		keyId: key.id,
		name: key.name,
		tenant: key.tenant,
		scopes: key.scopes,
		models: key.models,
		limits: key.limits,
	};
}
