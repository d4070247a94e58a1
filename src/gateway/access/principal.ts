import type { IncomingMessage } from "node:http";
import type { Limits } from "../limits/limits.ts";

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
	/** What the key may use at most. */
	limits?: Limits | null;
}

/** Throws `invalid_api_key` for a key that is unknown, revoked or expired, or missing where one is needed. */
export interface Authenticator {
	/** Whether requests without a key are refused; true while that isn't known yet. */
	readonly asksForKeys: boolean;
	/** Whether `asksForKeys` is more than caution yet; it is where nothing is said. */
	readonly isKnown?: boolean | undefined;
	/** Resolves when it is; throws where that can't be found out now. */
	whenKnown?(): Promise<void>;
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
	return models === null || matchesAny(models, model);
}

function matchesAny(patterns: readonly string[], name: string): boolean {
	return patterns.some((pattern) => matches(pattern, name));
}

/** Each part between stars is taken where it stands first: nothing has to be tried twice, however many stars there are. */
function matches(pattern: string, name: string): boolean {
	const [start = "", ...parts] = pattern.split("*");
	if (parts.length === 0) return name === pattern;
	if (!name.startsWith(start)) return false;
	const end = parts.pop() ?? "";
	let at = start.length;
	for (const part of parts) {
		const place = name.indexOf(part, at);
		if (place === -1) return false;
		at = place + part.length;
	}
	return name.length - at >= end.length && name.endsWith(end);
}

/** The key of a request, as OpenAI's and Anthropic's clients send it; null where there is none. */
export function keyOf({ headers }: IncomingMessage): string | null {
	const { authorization, "x-api-key": other } = headers;
	const bearer = /^Bearer\s+(.+)$/i.exec(authorization ?? "")?.[1];
	return bearer ?? (typeof other === "string" && other !== "" ? other : null);
}
