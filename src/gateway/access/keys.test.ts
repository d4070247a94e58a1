import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { openEmbedded } from "../../store/testing/open-test-databases.ts";
import { keyRoutes } from "../http/key-routes.ts";
import type { OwnCall } from "../http/own-route.ts";
import { LateDatabase } from "../late-database.ts";
import { gatewayMigrations } from "../open-access.ts";
import { EnvironmentKeys } from "./environment-keys.ts";
import { GatewayKeys, type KeysMode } from "./gateway-keys.ts";
import { KeyStore } from "./key-store.ts";
import { KnownKeys } from "./known-keys.ts";
import { mayUse, type Principal } from "./principal.ts";

let database: LateDatabase;
const clock = { ms: 0 };

beforeAll(async () => {
	database = new LateDatabase(() => openEmbedded(gatewayMigrations));
	await database.get();
}, 120_000);
afterAll(async () => database?.close());
beforeEach(async () => {
	await (await database.get()).query("delete from api_keys");
});

interface Answer {
	status?: number;
	body: Record<string, unknown> & { id: string; key: string };
}

/** A gateway; `isShared` has it believe that others use the database too. */
function openGateway({
	mode = "auto" as KeysMode,
	environment = [] as string[],
	isShared = false,
	store = new KeyStore(database),
} = {}) {
	if (isShared) store.isShared = async () => true;
	const known = new KnownKeys(store, () => clock.ms);
	const hashes = environment.map((key) =>
		createHash("sha256").update(key).digest("hex"),
	);
	const keys = new GatewayKeys(new EnvironmentKeys(hashes), known, mode);
	const routes = keyRoutes({
		store,
		known,
		hasEnvironmentKeys: hashes.length > 0,
	});
	const ask = (key: string | null, request: object = {}) =>
		keys.authenticate({
			method: "POST",
			url: "/v1/chat/completions",
			headers: key === null ? {} : { authorization: `Bearer ${key}` },
			socket: { remoteAddress: "127.0.0.1" },
			...request,
		} as unknown as IncomingMessage);
	const call = async (
		method: string,
		path: string,
		body: object = {},
		principal: Principal | null = null,
	) => {
		const id = path.split("/")[3] ?? "";
		const pattern = id === "" ? path : path.replace(id, ":id");
		const route = routes.find(
			(one) => one.method === method && one.path === pattern,
		);
		return (await route?.answer({
			parameters: { id },
			principal,
			json: async () => body,
		} as unknown as OwnCall)) as Answer;
	};
	return { keys, known, store, ask, call };
}

const refused = { code: "invalid_api_key", status: 401 };

describe("keys", () => {
	test("are shown once and kept as hashes", async () => {
		const { call, ask } = openGateway();
		const { status, body } = await call("POST", "/v1/keys", { name: "first" });
		expect(status).toBe(201);
		expect(body).toMatchObject({
			name: "first",
			tenant: "default",
			scopes: ["inference", "read", "admin"],
			state: "active",
		});
		expect(body.key).toMatch(/^gk_[\w-]{43}$/);
		expect(body.prefix).toBe(body.key.slice(0, 10));
		const rows = await (await database.get()).query("select * from api_keys");
		expect(JSON.stringify(rows)).not.toContain(body.key.slice(10));
		expect(JSON.stringify(await call("GET", "/v1/keys"))).not.toMatch(
			/hash|gk_[\w-]{43}/i,
		);
		expect(await ask(body.key)).toMatchObject({
			keyId: body.id,
			name: "first",
			tenant: "default",
		});
	});

	test("are asked for from the first one on, also when it is revoked", async () => {
		const { call, ask, keys } = openGateway();
		expect((await ask(null)).name).toBe("anybody");
		expect((await ask("whatever")).name).toBe("anybody");
		const { body } = await call("POST", "/v1/keys", { name: "first" });
		expect(keys.asksForKeys).toBe(true);
		await expect(ask(null)).rejects.toMatchObject(refused);
		await expect(ask(`gk_${"A".repeat(43)}`)).rejects.toMatchObject(refused);
		await call("DELETE", `/v1/keys/${body.id}`);
		await expect(ask(body.key)).rejects.toMatchObject({
			...refused,
			message: expect.stringContaining("revoked"),
		});
		await expect(ask(null)).rejects.toMatchObject(refused);
	});

	test("the first of which has to administer, where nobody else can", async () => {
		const { call } = openGateway();
		await expect(
			call("POST", "/v1/keys", { name: "x", scopes: ["inference"] }),
		).rejects.toMatchObject({ param: "scopes" });
		const { body } = await openGateway({ environment: ["secret"] }).call(
			"POST",
			"/v1/keys",
			{ name: "x" },
		);
		expect(body.scopes).toEqual(["inference"]);
	});

	test("without one that can administer, this very machine makes one, and nothing else", async () => {
		const { call, ask } = openGateway({ mode: "on" });
		const create = { url: "/v1/keys" };
		const first = await ask(null, create);
		expect(first).toMatchObject({ scopes: ["admin"], models: [] });
		for (const request of [
			{ url: "/v1/usage" },
			{ ...create, method: "GET" },
			{ ...create, socket: { remoteAddress: "10.0.0.7" } },
			{ ...create, headers: { "x-forwarded-for": "10.0.0.7" } },
			{ ...create, headers: { origin: "https://elsewhere.example" } },
		])
			await expect(ask(null, request)).rejects.toMatchObject(refused);
		await call("POST", "/v1/keys", { name: "admin" }, first);
		await expect(ask(null, create)).rejects.toMatchObject(refused);
	});

	test("are not asked for where the fleet file says so, and known all the same", async () => {
		const { call, ask } = openGateway({ mode: "off" });
		const { body } = await call("POST", "/v1/keys", { name: "first" });
		expect((await ask(null)).name).toBe("anybody");
		expect((await ask(body.key)).name).toBe("first");
	});

	test("of the environment may do everything, also when the database is away", async () => {
		const away = new KeyStore(
			new LateDatabase(() => Promise.reject(new Error("away"))),
		);
		const { ask } = openGateway({ environment: ["secret"], store: away });
		expect(await ask("secret")).toMatchObject({
			name: "environment",
			scopes: ["inference", "read", "admin"],
		});
		await expect(ask("other")).rejects.toMatchObject(refused);
		await expect(ask(`gk_${"A".repeat(43)}`)).rejects.toMatchObject({
			code: "engine_unavailable",
		});
	});

	test("expire", async () => {
		const { call, ask } = openGateway();
		const expiresAt = new Date(Date.now() + 60_000).toISOString();
		const { body } = await call("POST", "/v1/keys", {
			name: "short",
			expiresAt,
		});
		await ask(body.key);
		await (await database.get()).query(
			"update api_keys set expires_at = now() - interval '1 second', changed_at = clock_timestamp()",
		);
		await expect(openGateway().ask(body.key)).rejects.toThrow(/expired/);
		await expect(
			call("POST", "/v1/keys", {
				name: "x",
				expiresAt: "2020-01-01T00:00:00Z",
			}),
		).rejects.toMatchObject({ param: "expiresAt" });
	});

	test("are replaced with a time in which both secrets are taken", async () => {
		const { call, ask } = openGateway();
		const { body: old } = await call("POST", "/v1/keys", { name: "k" });
		const { body: next } = await call("POST", `/v1/keys/${old.id}/rotate`, {
			overlapSeconds: 600,
		});
		expect(next.id).toBe(old.id);
		await ask(old.key);
		await ask(next.key);
		const { body: last } = await call("POST", `/v1/keys/${old.id}/rotate`, {
			overlapSeconds: 0,
		});
		await expect(ask(old.key)).rejects.toMatchObject(refused);
		await expect(ask(next.key)).rejects.toThrow(/replaced/);
		await ask(last.key);
		await call("DELETE", `/v1/keys/${old.id}`);
		await expect(
			call("POST", `/v1/keys/${old.id}/rotate`),
		).rejects.toMatchObject({ code: "conflict" });
	});

	test("change, and what isn't named stays", async () => {
		const { call, ask } = openGateway();
		const { body } = await call("POST", "/v1/keys", {
			name: "k",
			models: ["a*"],
			limits: { requestsPerMinute: 5, concurrency: 2 },
		});
		await call("PATCH", `/v1/keys/${body.id}`, {
			tenant: "acme",
			limits: { concurrency: null, tokensPerDay: 9 },
		});
		const principal = await ask(body.key);
		expect(principal).toMatchObject({
			name: "k",
			tenant: "acme",
			models: ["a*"],
			limits: { requestsPerMinute: 5, tokensPerDay: 9 },
		});
		expect(principal.limits?.concurrency).toBeUndefined();
		expect([mayUse(principal, "abc"), mayUse(principal, "b")]).toEqual([
			true,
			false,
		]);
		await call("PATCH", `/v1/keys/${body.id}`, { models: null, limits: null });
		expect(await ask(body.key)).toMatchObject({ models: null, limits: {} });
	});

	test("that are asked for wrongly are told so", async () => {
		const { call } = openGateway();
		const bodies: [object, string][] = [
			[{}, "name"],
			[{ name: "k", scope: ["admin"] }, "scope"],
			[{ name: "k", collections: ["docs"] }, "collections"],
			[{ name: "k", scopes: ["root"] }, "scopes.0"],
			[{ name: "k", limits: { tokensPerMonth: 5 } }, "limits.tokensPerMonth"],
			[{ name: "k", limits: { concurrency: 0 } }, "limits.concurrency"],
			[{ name: "k", tenant: "a b" }, "tenant"],
			[{ name: "k", expiresAt: "tomorrow" }, "expiresAt"],
		];
		for (const [body, param] of bodies)
			await expect(call("POST", "/v1/keys", body), param).rejects.toMatchObject(
				{ code: "invalid_request", param },
			);
		await expect(
			call("PATCH", "/v1/keys/key_0", { name: "x" }),
		).rejects.toMatchObject({ code: "not_found" });
	});
});

describe("several gateways", () => {
	test("know a new key at once, and a revoked one within a second", async () => {
		const here = openGateway({ isShared: true });
		const there = openGateway({ isShared: true });
		await there.ask(null);
		clock.ms += 150;
		const { body } = await here.call("POST", "/v1/keys", { name: "k" });
		clock.ms += 150;
		expect(await there.ask(body.key)).toMatchObject({ name: "k" });
		await here.call("DELETE", `/v1/keys/${body.id}`);
		await expect(here.ask(body.key)).rejects.toThrow(/revoked/);
		clock.ms += 1001;
		await expect(there.ask(body.key)).rejects.toThrow(/revoked/);
	});

	test("ask ten times a second at most, however many unknown keys come", async () => {
		const gateway = openGateway({ isShared: true });
		await gateway.call("POST", "/v1/keys", { name: "k" });
		let asked = 0;
		const { changedSince } = gateway.store;
		gateway.store.changedSince = (newest) => {
			asked++;
			return changedSince.call(gateway.store, newest);
		};
		for (let count = 0; count < 500; count++) {
			clock.ms += 2;
			await expect(
				gateway.ask(`gk_${String(count).padStart(43, "0")}`),
			).rejects.toMatchObject(refused);
		}
		expect(asked).toBeGreaterThan(5);
		expect(asked).toBeLessThanOrEqual(11);
	});

	test("let known keys in while the database is away, and say so to others", async () => {
		const gateway = openGateway({ isShared: true });
		const { body } = await gateway.call("POST", "/v1/keys", { name: "k" });
		await gateway.ask(body.key);
		gateway.store.changedSince = () => Promise.reject(new Error("away"));
		clock.ms += 60_000;
		expect(await gateway.ask(body.key)).toMatchObject({ name: "k" });
		const unknown = gateway.ask(`gk_${"B".repeat(43)}`);
		await expect(unknown).rejects.toBeInstanceOf(GalleyError);
		await expect(unknown).rejects.toMatchObject({
			code: "engine_unavailable",
			retryAfterSeconds: 2,
		});
	});
});

test("stars stand for any part of a name", () => {
	const may = (pattern: string, name: string) =>
		mayUse({ models: [pattern] } as unknown as Principal, name);
	expect(
		["*", "a*", "*c", "a*c", "a*b*c", "abc", "**"].map((pattern) =>
			may(pattern, "abc"),
		),
	).toEqual([true, true, true, true, true, true, true]);
	expect(
		["", "ab", "a*bc*c", "b*", "*b", "A*", "a.c", "a*x*c"].map((pattern) =>
			may(pattern, "abc"),
		),
	).toEqual([false, false, false, false, false, false, false, false]);
	expect(may("org/model-*.gguf", "org/model-1.gguf")).toBe(true);
});
