import { describe, expect, it } from "vitest";
import type { ServiceState } from "../core/language-service.ts";
import { createScriptedService } from "./testing/scripted-service.ts";
import { createTestServer } from "./testing/test-server.ts";

const { app } = createTestServer(
	{},
	createScriptedService({ adapters: ["lora-a"] }),
);
const get = async (url: string) => app.inject({ method: "GET", url });

describe("paths and methods", () => {
	it("unknown paths are 404 in the one error shape, with a hint", async () => {
		const answer = await get("/v1/modles");
		expect(answer.statusCode).toBe(404);
		expect(answer.json()).toEqual({
			error: {
				message: "There is no GET /v1/modles. Did you mean /v1/models?",
				type: "not_found_error",
				param: null,
				code: "not_found",
			},
		});
		expect((await get("/")).json().error.message).toContain("/openapi.json");
	});

	it("unknown paths are 404 whatever the body is", async () => {
		const answer = await app.inject({
			method: "POST",
			url: "/v1/embed",
			headers: { "content-type": "text/plain" },
			payload: "x",
		});
		expect(answer.statusCode).toBe(404);
	});

	it.each([
		["GET", "/v1/chat/completions", "OPTIONS, POST"],
		["DELETE", "/v1/models/scripted", "GET, HEAD, OPTIONS"],
		["PUT", "/metrics", "GET, HEAD, OPTIONS"],
		["PATCH", "/tokenize?x=1", "OPTIONS, POST"],
	])("%s %s is 405 and says what is allowed", async (method, url, allow) => {
		const answer = await app.inject({ method: method as "GET", url });
		expect(answer.statusCode).toBe(405);
		expect(answer.headers.allow).toBe(allow);
		expect(answer.json().error.code).toBe("method_not_allowed");
	});

	it("OPTIONS tells the methods of a path", async () => {
		const answer = await app.inject({ method: "OPTIONS", url: "/v1/models" });
		expect(answer.statusCode).toBe(204);
		expect(answer.headers.allow).toBe("GET, HEAD, OPTIONS");
		expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
	});

	it.each([
		"/v1/models",
		"/v1/health/live",
		"/v1/health/ready",
		"/v1/metrics",
		"/docs",
	])("HEAD %s is GET without a body", async (url) => {
		const head = await app.inject({ method: "HEAD", url });
		const whole = await get(url);
		expect(head.statusCode).toBe(200);
		expect(head.body).toBe("");
		expect(head.headers["content-type"]).toBe(whole.headers["content-type"]);
	});

	it("a malformed path is 400, and recorded like every request", async () => {
		const server = createTestServer();
		const answer = await server.app.inject({ method: "GET", url: "/%zz" });
		expect(answer.statusCode).toBe(400);
		expect(answer.json().error.message).toContain("percent-encoding");
		expect(answer.headers["x-request-id"]).toBe(server.entries[0]?.requestId);
	});

	it("a slash at the end changes nothing", async () => {
		expect((await get("/v1/models/")).statusCode).toBe(200);
	});
});

describe("X-Request-Id", () => {
	const ask = (id: string) =>
		app.inject({
			method: "GET",
			url: "/v1/version",
			headers: { "x-request-id": id },
		});

	it("is returned when it is printable and short", async () => {
		const answer = await ask("req-7:a/b");
		expect(answer.headers["x-request-id"]).toBe("req-7:a/b");
	});

	it.each(["", "with space", "ü", "x".repeat(129)])(
		"is made anew instead of %j",
		async (id) => {
			const answer = await ask(id);
			expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
		},
	);
});

describe("models", () => {
	it("are listed with the base model first", async () => {
		const { object, data } = (await get("/v1/models")).json();
		expect(object).toBe("list");
		expect(data).toMatchObject([
			{ id: "scripted", object: "model", root: "scripted", parent: null },
			{ id: "lora-a", object: "model", root: "scripted", parent: "scripted" },
		]);
		expect(data[0].permission).toHaveLength(1);
		expect(data[0].max_model_len).toBe(4096);
	});

	it("are 404 with the list when unknown", async () => {
		const answer = await get("/v1/models/org/nope");
		expect(answer.statusCode).toBe(404);
		expect(answer.json().error).toMatchObject({
			code: "model_not_found",
			message:
				"The model 'org/nope' does not exist here. Available: 'scripted', 'lora-a'.",
		});
	});
});

describe("health follows the service's state", () => {
	const states: [ServiceState, number, number, object, string | undefined][] = [
		[
			{ phase: "ready" },
			200,
			200,
			{ message: "ready", ready: true },
			undefined,
		],
		[
			{ phase: "loading", progress: 0.25, etaSeconds: 8.5 },
			200,
			503,
			{ state: "loading", progress: 0.25, eta_seconds: 8.5, ready: false },
			"9",
		],
		[
			{ phase: "restarting", retryAfterSeconds: 2, reason: "it crashed" },
			200,
			503,
			{ state: "restarting", ready: false },
			"2",
		],
		[{ phase: "draining" }, 200, 503, { state: "draining" }, "10"],
		[
			{ phase: "failed", reason: "not a GGUF" },
			503,
			503,
			{ state: "failed" },
			"60",
		],
	];

	it.each(states)("%j", async (state, live, ready, body, retryAfter) => {
		const server = createTestServer();
		server.scripted.setState(state);
		const read = (url: string) => server.app.inject({ method: "GET", url });
		expect((await read("/v1/health/live")).statusCode).toBe(live);
		for (const url of ["/v1/health/ready", "/health"]) {
			const answer = await read(url);
			expect(answer.statusCode).toBe(ready);
			expect(answer.json()).toMatchObject({
				object: "health.response",
				...body,
			});
		}
		for (const url of ["/v1/chat/completions", "/v1/completions"]) {
			const payload = { prompt: "x" };
			const answer = await server.app.inject({ method: "POST", url, payload });
			expect(answer.statusCode === 503).toBe(ready === 503);
			expect(answer.headers["retry-after"]).toBe(retryAfter);
		}
		const code = state.phase === "draining" ? "draining" : "engine_unavailable";
		expect(server.rejections).toEqual(ready === 503 ? [code, code] : []);
		expect((await read("/v1/models")).statusCode).toBe(200);
		const levels = server.lines.map(({ level }) => level);
		expect(levels.slice(0, 3)).toEqual(["debug", "debug", "debug"]);
	});
});

describe("management", () => {
	it("tells metadata as NIM does", async () => {
		expect((await get("/v1/metadata")).json()).toMatchObject({
			assetInfo: [],
			modelInfo: [{ shortName: "scripted", modelUrl: "scripted" }],
			repository_override: "",
			version: "1.2.3",
			selectedModelProfileId: "0123",
			licenseInfo: { name: "apache-2.0" },
		});
		expect((await get("/v1/version")).json()).toEqual({
			release: "1.2.3",
			api: "1.0.0",
		});
		const { manifest_file } = (await get("/v1/manifest")).json();
		expect(manifest_file).toContain('name: "scripted"');
	});

	it("shows the licence that it was given", async () => {
		const license = {
			name: "Apache-2.0",
			path: "/LICENSE",
			url: "https://www.apache.org/licenses/LICENSE-2.0",
			type: "text/plain",
			content: "Licensed é",
		};
		const server = createTestServer({ license });
		const answer = await server.app.inject("/v1/license");
		expect(answer.json()).toEqual({
			...license,
			size: 11,
			sha: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
	});

	it("serves metrics in Prometheus' type", async () => {
		for (const url of ["/metrics", "/v1/metrics"]) {
			const answer = await get(url);
			expect(answer.body).toContain("galley:num_requests_running 0");
			expect(answer.headers["content-type"]).toContain("version=0.0.4");
		}
	});
});

describe("tokens", () => {
	const post = (url: string, payload: object) =>
		app.inject({ method: "POST", url, payload });

	it("go from text to ids and back", async () => {
		const { tokens, count, max_model_len, token_strs } = (
			await post("/tokenize", { prompt: "hé<s>", return_token_strs: true })
		).json();
		expect(tokens).toEqual([258, 104, 0xc3, 0xa9, 258]);
		expect({ count, max_model_len }).toEqual({ count: 5, max_model_len: 4096 });
		expect(token_strs).toEqual(["<s>", "h", "\\xc3", "\\xa9", "<s>"]);
		const back = await post("/detokenize", { tokens });
		expect(back.json()).toEqual({ prompt: "<s>hé<s>" });
	});

	it("of a conversation are those that a completion would use", async () => {
		const messages = [{ role: "user", content: "Hello" }];
		const tokenized = (await post("/tokenize", { messages })).json();
		const rendered = (
			await post("/v1/chat/completions/render", {
				messages,
				max_tokens: 9,
				temperature: 0.5,
			})
		).json();
		expect(rendered).toMatchObject({
			model: "scripted",
			prompt: "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
			sampling_params: { temperature: 0.5, max_tokens: 9, n: 1 },
			stream: false,
		});
		expect(rendered.token_ids).toEqual(tokenized.tokens);
	});

	it("of text completions are rendered one prompt each", async () => {
		const url = "/v1/completions/render";
		const [first, second] = (
			await post(url, { prompt: [[104], [105]] })
		).json();
		expect(first).toMatchObject({ prompt: "h", token_ids: [104] });
		expect(second).toMatchObject({ prompt: "i", token_ids: [105] });
	});
});
