import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import { type StoredKey, stateOf } from "../access/api-key.ts";
import { firstAdministrator } from "../access/gateway-keys.ts";
import {
	type KeySettings,
	type KeyStore,
	withoutSecrets,
} from "../access/key-store.ts";
import type { KnownKeys } from "../access/known-keys.ts";
import { type Scope, scopes } from "../access/principal.ts";
import { limitsSchema, withoutEmptyLimits } from "../limits/limits.ts";
import { checkedRequest } from "./checked-request.ts";
import type { OwnCall, OwnRoute } from "./own-route.ts";

export interface KeyRouteParts {
	store: KeyStore;
	known: KnownKeys;
	/** Whether somebody can administer without a key of the database. */
	hasEnvironmentKeys: boolean;
}

const patterns = z.array(z.string().min(1).max(200)).max(1000).nullish();

const settings = {
	name: z.string().trim().min(1).max(200),
	tenant: z
		.string()
		.regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "letters, digits and . _ - up to 64"),
	scopes: z
		.array(z.enum(scopes as [Scope, ...Scope[]]))
		.min(1)
		.max(3),
	models: patterns,
	limits: limitsSchema.nullish(),
	expiresAt: z.iso.datetime({ offset: true }).nullish(),
};

const creation = z.strictObject({
	...settings,
	tenant: settings.tenant.default("default"),
	scopes: settings.scopes.optional(),
});
const change = z.strictObject({
	...settings,
	name: settings.name.optional(),
	tenant: settings.tenant.optional(),
	scopes: settings.scopes.optional(),
});
const rotation = z.strictObject({
	/** So long, the secret before is taken too. */
	overlapSeconds: z
		.int()
		.min(0)
		.max(30 * 86_400)
		.default(86_400),
});

/** Keys: made, listed, changed, replaced and revoked by administrators. A secret is shown once. */
export function keyRoutes(parts: KeyRouteParts): OwnRoute[] {
	const { store, known } = parts;
	/** What is changed here is true here at once. */
	const put = (key: StoredKey) => {
		known.put(key);
		return shown(key);
	};
	return [
		{
			method: "GET",
			path: "/v1/keys",
			scope: "admin",
			summary: "All keys, without their secrets",
			details: {
				returns: "{keys: [{id, prefix, name, scopes, limits, state, ...}]}",
			},
			answer: async () => ({
				body: { keys: (await store.list()).map(shown) },
			}),
		},
		{
			method: "POST",
			path: "/v1/keys",
			scope: "admin",
			summary: "Makes a key; its secret is shown this once",
			details: {
				body: creation,
				status: 201,
				returns: "The key; its secret is in `key`.",
			},
			async answer(call) {
				const asked = checkedRequest(creation, await call.json());
				const { key, secret } = await store.create({
					...asked,
					scopes: await scopesFor(asked.scopes, call, parts),
					models: asked.models ?? null,
					limits: withoutEmptyLimits(asked.limits ?? {}) ?? {},
					expiresAt: futureDate(asked.expiresAt),
				});
				return { status: 201, body: { key: secret, ...put(key) } };
			},
		},
		{
			method: "GET",
			path: "/v1/keys/:id",
			scope: "admin",
			summary: "One key, without its secret",
			answer: async (call) => ({ body: shown(await store.get(idOf(call))) }),
		},
		{
			method: "PATCH",
			path: "/v1/keys/:id",
			scope: "admin",
			summary: "Changes what is given; a limit that is null is taken away",
			details: { body: change },
			async answer(call) {
				const asked = checkedRequest(change, await call.json());
				const id = idOf(call);
				const before = await store.get(id);
				const changes = changesOf(asked, before);
				return { body: put(await store.change(id, changes)) };
			},
		},
		{
			method: "POST",
			path: "/v1/keys/:id/rotate",
			scope: "admin",
			summary: "Another secret for a key; the one before is taken for a while",
			details: { body: rotation, returns: "The key, with its new secret." },
			async answer(call) {
				const { overlapSeconds } = checkedRequest(rotation, await call.json());
				const { key, secret } = await store.rotate(idOf(call), overlapSeconds);
				return { body: { key: secret, ...put(key) } };
			},
		},
		{
			method: "DELETE",
			path: "/v1/keys/:id",
			scope: "admin",
			summary: "Revokes a key, for good",
			answer: async (call) => ({ body: put(await store.revoke(idOf(call))) }),
		},
	];
}

const idOf = ({ parameters }: OwnCall) => parameters.id ?? "";

/** Without a list: models only. While nobody can administer, the first key has to be able to, or nobody ever could. */
async function scopesFor(
	asked: readonly Scope[] | undefined,
	{ principal }: OwnCall,
	{ known, hasEnvironmentKeys }: KeyRouteParts,
): Promise<readonly Scope[]> {
	await known.load();
	const isFirst =
		principal === firstAdministrator ||
		(!hasEnvironmentKeys && !known.hasAdmin(Date.now()));
	if (!isFirst) return asked ?? ["inference"];
	if (asked !== undefined && !asked.includes("admin"))
		throw new GalleyError(
			"invalid_request",
			"From the first key on, this gateway asks for keys, so that the first one needs the scope 'admin': without it nobody could make another one. Or set GALLEY_API_KEY, which may do everything.",
			{ param: "scopes" },
		);
	return asked ?? scopes;
}

function futureDate(text: string | null | undefined): Date | null {
	if (text === null || text === undefined) return null;
	const date = new Date(text);
	if (date.getTime() > Date.now()) return date;
	throw new GalleyError(
		"invalid_request",
		"'expiresAt' is a time in the future; DELETE revokes a key at once.",
		{ param: "expiresAt" },
	);
}

/** A limit that isn't named stays; null takes one away. */
function changesOf(
	asked: z.infer<typeof change>,
	{ limits: before }: StoredKey,
): Partial<KeySettings> {
	const { name, tenant, scopes: given, models, limits } = asked;
	return {
		...(name === undefined ? {} : { name }),
		...(tenant === undefined ? {} : { tenant }),
		...(given === undefined ? {} : { scopes: given }),
		...(models === undefined ? {} : { models }),
		...(limits === undefined
			? {}
			: {
					limits:
						limits === null
							? {}
							: (withoutEmptyLimits({ ...before, ...limits }) ?? {}),
				}),
		...(asked.expiresAt === undefined
			? {}
			: { expiresAt: futureDate(asked.expiresAt) }),
	};
}

function shown(key: StoredKey) {
	return { ...withoutSecrets(key), state: stateOf(key, Date.now()) };
}
