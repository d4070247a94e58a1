import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LiveState } from "../../core/language-service.ts";
import {
	createScriptedService,
	type ScriptedService,
} from "../testing/scripted-service.ts";
import { createTestServer } from "../testing/test-server.ts";

const busy: LiveState = {
	requests: [
		{
			id: "request-a",
			choice: 1,
			state: "waiting",
			waitsFor: "prefix",
			priority: -2,
			promptTokens: 1240,
			cachedTokens: 1200,
			computedTokens: 0,
			generatedTokens: 0,
			preemptions: 3,
			adapters: ["polite"],
			ageSeconds: 1.23456,
		},
	],
	kvCells: 4096,
	kvCacheUsage: 0.25,
	retainedTokens: 700,
	savedTokens: 90,
	kvLayout: "streams",
	maxSequences: 8,
	targetItlMs: 40,
};

function serve(live: LiveState | null = busy) {
	const scripted = createScriptedService();
	scripted.setLiveState(live);
	return createTestServer({}, scripted);
}

const get = (server: ReturnType<typeof createTestServer>, headers = {}) =>
	server.app.inject({ method: "GET", url: "/v1/requests", headers });

describe("GET /v1/requests", () => {
	it("lists what runs and waits, and the KV cache", async () => {
		const answer = await get(serve());
		expect(answer.statusCode).toBe(200);
		expect(answer.json()).toEqual({
			object: "list",
			data: [
				{
					id: "request-a",
					object: "request",
					choice: 1,
					state: "waiting",
					waits_for: "prefix",
					priority: -2,
					prompt_tokens: 1240,
					cached_tokens: 1200,
					computed_tokens: 0,
					generated_tokens: 0,
					preemptions: 3,
					adapters: ["polite"],
					age_seconds: 1.235,
				},
			],
			kv_cache: {
				layout: "streams",
				cells: 4096,
				usage: 0.25,
				retained_tokens: 700,
				saved_tokens: 90,
			},
			max_sequences: 8,
			target_itl_ms: 40,
		});
	});

	it("says nothing beyond its own fields, whatever the service holds", async () => {
		const [request] = busy.requests;
		const told = { ...request, tenant: "alice", prompt: "a secret" };
		const live = { ...busy, requests: [told] } as LiveState;
		const { body } = await get(serve(live));
		expect(body).not.toMatch(/alice|secret/);
	});

	it("is 503 while the model does not answer, and no rejected request", async () => {
		const server = serve();
		const phases: Parameters<ScriptedService["setState"]>[0][] = [
			{ phase: "loading", progress: 0.5, etaSeconds: 3 },
			{ phase: "restarting", retryAfterSeconds: 2, reason: "killed" },
			{ phase: "failed", reason: "no such file" },
		];
		for (const state of phases) {
			server.scripted.setState(state);
			const answer = await get(server);
			expect(answer.statusCode).toBe(503);
			expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
			expect(answer.json().error.code).toBe("engine_unavailable");
		}
		expect(server.rejections).toEqual([]);
	});

	it("still answers while the service drains", async () => {
		const server = serve();
		server.scripted.setState({ phase: "draining" });
		expect((await get(server)).statusCode).toBe(200);
	});

	it("is 503 when the engine stays silent", async () => {
		const answer = await get(serve(null));
		expect(answer.statusCode).toBe(503);
		expect(answer.headers["retry-after"]).toBe("1");
	});

	it("asks for a key where keys are configured", async () => {
		const hash = createHash("sha256").update("open-sesame").digest("hex");
		const server = createTestServer({ apiKeyHashes: [hash] });
		expect((await get(server)).statusCode).toBe(401);
		const headers = { "x-api-key": "open-sesame" };
		expect((await get(server, headers)).statusCode).toBe(200);
	});
});
