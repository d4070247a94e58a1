import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { GalleyError } from "../core/errors.ts";
import type { AdapterInfo, AdapterService } from "../core/language-service.ts";
import type { ApiOptions } from "./api-options.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { createTestServer } from "./testing/test-server.ts";

const hashOf = (key: string) => createHash("sha256").update(key).digest("hex");
const info: AdapterInfo = {
	name: "lora-a",
	id: 7,
	state: "ready",
	problem: null,
	path: "/secret/place",
	rank: 8,
	sizeBytes: 100,
	created: 1,
};

function createAdapterServer(options: Partial<ApiOptions> = {}) {
	const calls: unknown[] = [];
	const adapterService: AdapterService = {
		list: () => [info],
		load: async (name, path) => {
			calls.push(["load", name, path]);
			if (path === "/outside")
				throw new GalleyError("permission_denied", "Not from there.");
			return info;
		},
		unload: (name, id) => {
			calls.push(["unload", name, id]);
			return info;
		},
	};
	const scripted = createScriptedService({
		adapters: ["lora-a", "lora-b"],
		adapterService,
	});
	const { app } = createTestServer(
		{
			managesAdapters: true,
			apiKeyHashes: [hashOf("client")],
			adminApiKeyHashes: [hashOf("admin")],
			...options,
		},
		scripted,
	);
	const post = (url: string, payload: object, key: string | null = "admin") =>
		app.inject({
			method: "POST",
			url,
			payload,
			headers: key === null ? {} : { authorization: `Bearer ${key}` },
		});
	return { app, calls, post, scripted };
}

const load = { lora_name: "new", lora_path: "/loras/new" };

describe("the routes that load and unload adapters", () => {
	it("are for admins only, and are not there unless they are wanted", async () => {
		const { post, calls } = createAdapterServer();
		const url = "/v1/load_lora_adapter";
		expect((await post(url, load, null)).statusCode).toBe(401);
		expect((await post(url, load, "wrong")).statusCode).toBe(401);
		expect((await post(url, load, "client")).statusCode).toBe(403);
		expect(calls).toEqual([]);
		expect((await post(url, load)).statusCode).toBe(200);
		const open = createAdapterServer({ apiKeyHashes: [] });
		expect((await open.post(url, load, null)).statusCode).toBe(401);
		const keyless = createAdapterServer({ adminApiKeyHashes: [] });
		expect((await keyless.post(url, load)).statusCode).toBe(401);
		const without = createAdapterServer({ managesAdapters: false });
		expect((await without.post(url, load)).statusCode).toBe(404);
	});

	it("pass on what was asked and what came of it", async () => {
		const { post, calls } = createAdapterServer();
		const loaded = await post("/v1/load_lora_adapter", load);
		expect(loaded.body).toContain("'new' added");
		const refused = await post("/v1/load_lora_adapter", {
			...load,
			lora_path: "/outside",
		});
		expect(refused.statusCode).toBe(403);
		const url = "/v1/unload_lora_adapter";
		await post(url, { lora_name: "lora-a" });
		await post(url, { lora_name: "lora-a", lora_int_id: 7 });
		expect(calls).toEqual([
			["load", "new", "/loras/new"],
			["load", "new", "/outside"],
			["unload", "lora-a", null],
			["unload", "lora-a", 7],
		]);
	});

	it("list adapters without telling where they lie", async () => {
		const { app } = createAdapterServer({ apiKeyHashes: [] });
		const { body } = await app.inject({ url: "/v1/adapters" });
		expect(JSON.parse(body).data).toMatchObject([
			{ id: "lora-a", lora_int_id: 7, state: "ready", rank: 8 },
		]);
		expect(body).not.toContain("secret");
	});
});

describe("a request's adapters", () => {
	it("come from the model's name and from the field lora, at the top level or in nvext", async () => {
		const { post, scripted } = createAdapterServer();
		const ask = (body: object) =>
			post("/v1/completions", { prompt: "a", max_tokens: 1, ...body });
		await ask({});
		await ask({ model: "lora-a" });
		await ask({ model: "lora-a", lora: [{ name: "lora-b", scale: 0.5 }] });
		await ask({ nvext: { lora: [{ name: "lora-b" }] } });
		expect(scripted.requests.map(({ adapters }) => adapters)).toEqual([
			[],
			[{ name: "lora-a", scale: 1 }],
			[
				{ name: "lora-a", scale: 1 },
				{ name: "lora-b", scale: 0.5 },
			],
			[{ name: "lora-b", scale: 1 }],
		]);
	});

	it("are refused by name when there is no such, or one is named twice", async () => {
		const { post } = createAdapterServer();
		const ask = async (body: object) =>
			(
				await post("/v1/chat/completions", {
					messages: [{ role: "user", content: "a" }],
					...body,
				})
			).json().error;
		expect(await ask({ model: "lora-aa" })).toMatchObject({
			code: "model_not_found",
			message: expect.stringMatching(/Did you mean 'lora-a'/),
		});
		expect(await ask({ lora: [{ name: "scripted" }] })).toMatchObject({
			code: "model_not_found",
			param: "lora[0].name",
		});
		const twice = [{ name: "lora-a" }];
		expect(await ask({ model: "lora-a", lora: twice })).toMatchObject({
			code: "invalid_request",
		});
		expect(await ask({ lora: [{ id: 0 }] })).toMatchObject({
			code: expect.stringMatching(/invalid|unsupported/),
		});
	});
});
