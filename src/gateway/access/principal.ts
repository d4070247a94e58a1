import type { IncomingMessage } from "node:http";

/**
 * What a key may do: use models, look at the fleet, change it. A wider scope does not include a narrower one: keys list what
 * they are for.
 */
export type Scope = "inference" | "read" | "admin";

export const scopes: readonly Scope[] = ["inference", "read", "admin"];

/** Who asks: what stands behind a key, or whoever reaches a gateway that asks for none. */
export interface Principal {
	/** Null where no key is asked for, and for the keys of the environment. */
	keyId: string | null;
	/** For logs and usage; never the key itself. */
	name: string;
	tenant: string;
	scopes: readonly Scope[];
	/** Names of models, `*` standing for any part of a name; null is all. */
	models: readonly string[] | null;
}

/** Throws `invalid_api_key` for a key that is unknown, revoked or expired, or missing where one is needed. */
export interface Authenticator {
	/** Whether requests without a key are refused. */
	readonly asksForKeys: boolean;
	authenticate(request: IncomingMessage): Promise<Principal>;
}

/** Whoever reaches a gateway without keys: it listens on this machine only. */
export const anybody: Principal = {
	keyId: null,
	name: "anybody",
	tenant: "default",
	scopes,
	models: null,
};

export function mayUse({ models }: Principal, model: string): boolean {
	if (models === null) return true;
	return models.some((pattern) => {
		const parts = pattern.split("*").map(escapeRegex);
		return new RegExp(`^${parts.join(".*")}$`, "su").test(model);
	});
}

function escapeRegex(text: string): string {
	return text.replaceAll(/[.+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}

/** The key of a request, as OpenAI's and Anthropic's clients send it; null where there is none. */
export function keyOf({ headers }: IncomingMessage): string | null {
	const { authorization, "x-api-key": other } = headers;
	const bearer = /^Bearer\s+(.+)$/i.exec(authorization ?? "")?.[1];
	return bearer ?? (typeof other === "string" && other !== "" ? other : null);
}
