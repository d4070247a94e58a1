import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ApiOptions, defaultCorsOptions } from "./api-options.ts";
import { createTestServer } from "./testing/test-server.ts";

const hashOf = (key: string) => createHash("sha256").update(key).digest("hex");

describe("with API keys", () => {
	const apiKeyHashes = [hashOf("key-one"), hashOf("key-two")];
	const { app } = createTestServer({ apiKeyHashes });
	const get = (url: string, headers: Record<string, string> = {}) =>
		app.inject({ method: "GET", url, headers });

	it.each([
		"/v1/models",
		"/v1/metadata",
		"/docs",
		"/openapi.json",
		"/tokenize",
		"/nowhere",
	])("%s is 401 without one", async (url) => {
		const answer = await get(url);
		expect(answer.statusCode).toBe(401);
		expect(answer.headers["www-authenticate"]).toBe("Bearer");
		expect(answer.json().error).toMatchObject({
			type: "authentication_error",
			code: "invalid_api_key",
		});
	});

	it.each([
		{ authorization: "Bearer key-one" },
		{ authorization: "bearer key-two" },
		{ "x-api-key": "key-two" },
	])("%j is accepted", async (headers) => {
		expect((await get("/v1/models", headers)).statusCode).toBe(200);
	});

	it.each([
		{ authorization: "Bearer key-three" },
		{ authorization: "Bearer key-one extra" },
		{ authorization: "Basic key-one" },
		{ authorization: "Bearer " },
		{ authorization: `Bearer ${hashOf("key-one")}` },
		{ "x-api-key": "" },
	])("%j is refused", async (headers) => {
		expect((await get("/v1/models", headers)).statusCode).toBe(401);
	});

	it.each([
		"/v1/health/live",
		"/v1/health/ready",
		"/health",
		"/metrics",
		"/v1/metrics",
	])("%s needs none", async (url) => {
		expect((await get(url)).statusCode).toBe(200);
		expect((await app.inject({ method: "HEAD", url })).statusCode).toBe(200);
	});

	it("metrics can be closed", async () => {
		const closed = createTestServer({ apiKeyHashes, metricsNeedKey: true });
		expect((await closed.app.inject("/metrics")).statusCode).toBe(401);
		expect((await closed.app.inject("/health")).statusCode).toBe(200);
	});

	it("metrics can be left out", async () => {
		const { app: bare } = createTestServer({ servesMetrics: false });
		expect((await bare.inject("/metrics")).statusCode).toBe(404);
		expect((await bare.inject("/v1/metrics")).statusCode).toBe(404);
	});

	it("a hash that is none is refused at the start", async () => {
		const { app: broken } = createTestServer({ apiKeyHashes: ["key-one"] });
		await expect(broken.ready()).rejects.toThrow("64 lower-case hex digits");
	});
});

describe("CORS", () => {
	const preflight = (options: Partial<ApiOptions>, origin: string) =>
		createTestServer(options).app.inject({
			method: "OPTIONS",
			url: "/v1/chat/completions",
			headers: {
				origin,
				"access-control-request-method": "POST",
				"access-control-request-headers": "authorization,content-type",
			},
		});

	it("is off by default", async () => {
		const { app } = createTestServer();
		const headers = { origin: "https://a.example" };
		const answer = await app.inject({ url: "/v1/models", headers });
		expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
	});

	it("answers preflights without a key, to the origins that are allowed", async () => {
		const cors = {
			...defaultCorsOptions,
			allowOrigins: ["https://a.example"],
			allowCredentials: true,
		};
		const options = { cors, apiKeyHashes: [hashOf("k")] };
		const allowed = await preflight(options, "https://a.example");
		expect(allowed.statusCode).toBe(204);
		expect(allowed.headers).toMatchObject({
			"access-control-allow-origin": "https://a.example",
			"access-control-allow-headers": "authorization,content-type",
			"access-control-allow-credentials": "true",
			"access-control-max-age": "600",
		});
		const other = await preflight(options, "https://b.example");
		expect(other.headers["access-control-allow-origin"]).toBeUndefined();
	});

	it("is on streams and errors too", async () => {
		const { app } = createTestServer({ cors: defaultCorsOptions });
		const ask = (payload: object) =>
			app.inject({
				method: "POST",
				url: "/v1/completions",
				headers: { origin: "https://a.example" },
				payload,
			});
		for (const payload of [{ prompt: "x", stream: true }, { prompt: 1 }]) {
			const { headers } = await ask(payload);
			expect(headers["access-control-allow-origin"]).toBe("*");
			expect(headers["access-control-expose-headers"]).toContain(
				"x-request-id",
			);
		}
	});
});

describe("in a browser", () => {
	const { app } = createTestServer();

	it("answers can't run or be framed", async () => {
		const { headers } = await app.inject("/v1/models");
		expect(headers["content-security-policy"]).toBe(
			"default-src 'none';frame-ancestors 'none'",
		);
		expect(headers["x-content-type-options"]).toBe("nosniff");
		expect(headers["strict-transport-security"]).toBeUndefined();
	});

	it("the documentation's policy allows its own scripts and nothing from elsewhere", async () => {
		const answer = await app.inject("/docs");
		const policy = String(answer.headers["content-security-policy"]);
		const inline = /<script>(.*)<\/script>/.exec(answer.body)?.[1] ?? "";
		const hash = createHash("sha256").update(inline).digest("base64");
		expect(policy).toContain(`script-src 'self' 'sha256-${hash}'`);
		expect(policy).not.toContain("http");
		expect(policy).not.toContain("unsafe-eval");
		const sources = [...answer.body.matchAll(/(?:src|href)="([^"]*)"/g)];
		expect(sources.map(([, source]) => source)).toEqual(["/docs/scalar.js"]);
		expect(answer.body).not.toMatch(/https?:/);
	});

	it("the documentation's script comes from the package", async () => {
		const answer = await app.inject("/docs/scalar.js");
		expect(answer.statusCode).toBe(200);
		expect(answer.headers["content-type"]).toContain("javascript");
		expect(answer.rawPayload.length).toBeGreaterThan(1_000_000);
	});
});
