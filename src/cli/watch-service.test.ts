import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { LiveRequestInfo } from "../core/language-service.ts";
import { parseServiceAddress } from "./service-address.ts";
import { ServiceClient } from "./service-client.ts";
import {
	startWatchedService,
	type WatchedService,
} from "./testing/watched-service.ts";
import { type TopView, toTopJson } from "./top-view.ts";
import { watchService } from "./watch-service.ts";

const intervalMs = 100;

/** Looks `looks` times; `between` happens after each look. */
async function watch(
	url: string,
	looks: number,
	between: (look: number) => unknown = () => undefined,
	apiKey: string | null = null,
): Promise<TopView[]> {
	await using client = new ServiceClient(parseServiceAddress(url), apiKey);
	const controller = new AbortController();
	const { signal } = controller;
	const views: TopView[] = [];
	for await (const view of watchService({
		client,
		place: url,
		intervalMs,
		signal,
	})) {
		views.push(view);
		if (views.length === looks) controller.abort();
		else await between(views.length);
	}
	return views;
}

function sequence(changes: Partial<LiveRequestInfo>): LiveRequestInfo {
	return {
		id: "request-a",
		choice: 0,
		state: "decode",
		waitsFor: null,
		priority: 0,
		promptTokens: 100,
		cachedTokens: 60,
		computedTokens: 110,
		generatedTokens: 10,
		preemptions: 0,
		adapters: ["polite"],
		ageSeconds: 1,
		...changes,
	};
}

function setSequences(
	{ scripted }: WatchedService,
	requests: readonly LiveRequestInfo[],
): void {
	scripted.setLiveState({
		requests,
		kvCells: 4096,
		kvCacheUsage: 0.25,
		retainedTokens: 700,
		savedTokens: 90,
		kvLayout: "streams",
		maxSequences: 4,
		targetItlMs: 40,
	});
}

const step = {
	seconds: 0.025,
	prefillTokens: 40,
	decodeTokens: 2,
	draftedTokens: 8,
	acceptedTokens: 6,
	preemptions: 1,
	adapters: ["polite"],
	evictedTokens: 5,
	savedTokens: 4,
	restoredTokens: 3,
	constraintSeconds: 0,
	constrainedTokens: 0,
};

describe("watchService", () => {
	it("shows what a service holds, and rates from the second look on", async () => {
		await using service = await startWatchedService();
		setSequences(service, [
			sequence({ id: "young", ageSeconds: 1, state: "waiting" }),
			sequence({ id: "old", choice: 1, ageSeconds: 5 }),
			sequence({ id: "older", ageSeconds: 9, state: "prefill" }),
		]);
		// What happened before the first look is in no rate.
		service.metrics.step({ ...step, seconds: 9 });
		const [first, second] = await watch(service.url, 2, () => {
			const { metrics } = service;
			for (let count = 0; count < 10; count++) metrics.step(step);
			metrics.sequenceStarted(100, 75);
			metrics.tokensGenerated(30);
			metrics.requestRejected("queue_full");
			setSequences(service, [
				sequence({ id: "old", choice: 1, generatedTokens: 25 }),
				sequence({ id: "new", state: "waiting", waitsFor: "memory" }),
			]);
		});
		expect(first).toMatchObject({
			state: "ready",
			model: "scripted",
			version: "1.2.3",
			rates: null,
			maxSequences: 4,
			targetItlMs: 40,
			kvCache: {
				layout: "streams",
				cells: 4096,
				usage: 0.25,
				retainedTokens: 700,
				savedTokens: 90,
			},
			notices: [],
		});
		expect(first?.sequences?.map(({ id }) => id)).toEqual([
			...["old", "older", "young"],
		]);
		const rates = second?.rates;
		expect(rates).toMatchObject({
			prefixHitRate: 0.75,
			acceptanceRate: 0.75,
			preemptions: 10,
			evictedTokens: 50,
			savedTokens: 40,
			restoredTokens: 30,
			rejected: { queue_full: 1 },
		});
		const { seconds = 0 } = rates ?? {};
		expect(rates?.prefillTokensPerSecond).toBeCloseTo(400 / seconds, 6);
		expect(rates?.generationTokensPerSecond).toBeCloseTo(30 / seconds, 6);
		expect(rates?.stepsPerSecond).toBeCloseTo(10 / seconds, 6);
		expect(rates?.stepP50Ms).toBeGreaterThan(20);
		expect(rates?.stepP95Ms).toBeLessThanOrEqual(30);
		expect(second?.waitingFor).toEqual({ slot: 0, memory: 1, prefix: 0 });
		const [old, fresh] = second?.sequences ?? [];
		expect(old?.tokensPerSecond).toBeCloseTo(15 / seconds, 6);
		expect(fresh).toMatchObject({ id: "new", tokensPerSecond: null });
	});

	it("shows how far a service is that is not ready", async () => {
		await using service = await startWatchedService();
		service.scripted.setState({
			phase: "loading",
			progress: 0.418,
			etaSeconds: 3,
		});
		const [view] = await watch(service.url, 1);
		expect(view).toMatchObject({
			state: "loading",
			stateDetail: "loading the model, 41 %, about 3 s left",
			sequences: null,
			notices: [],
		});
	});

	it("goes on trying when the service was there and is gone", async () => {
		const service = await startWatchedService();
		const [, gone] = await watch(service.url, 2, () =>
			service[Symbol.asyncDispose](),
		);
		expect(gone).toMatchObject({
			state: "unreachable",
			model: "scripted",
			rates: null,
			sequences: null,
			notices: [expect.stringContaining("Nobody answers")],
		});
		await expect(watch(service.url, 1)).rejects.toMatchObject({
			code: "engine_unavailable",
		});
	});

	it("measures from the beginning again when another process answers", async () => {
		let startedAt = 1;
		const server = createServer((request, response) => {
			const isMetrics = request.url === "/v1/metrics";
			response.statusCode = isMetrics ? 200 : 404;
			response.end(
				`process_start_time_seconds ${startedAt}\ngalley:generation_tokens_total 5\n`,
			);
		});
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const { port } = server.address() as AddressInfo;
		const views = await watch(`http://127.0.0.1:${port}`, 3, () => {
			startedAt = 2;
		});
		server.close();
		expect(views.map(({ rates }) => rates === null)).toEqual([
			...[true, true, false],
		]);
		expect(views[0]?.notices).toEqual([
			"Sequences are not to be seen: /v1/requests answers 404.",
		]);
	});

	it("says what needs a key, and shows the rest", async () => {
		const hash = createHash("sha256").update("open-sesame").digest("hex");
		const options = { apiKeyHashes: [hash] };
		await using service = await startWatchedService(options);
		const [shut] = await watch(service.url, 1);
		expect(shut?.model).toBe("scripted");
		expect(shut?.notices[0]).toContain("--api-key");
		const [open] = await watch(service.url, 1, undefined, "open-sesame");
		expect(open).toMatchObject({ notices: [], sequences: [] });
	});

	it("refuses when the key opens nothing at all, or it is another program", async () => {
		const hash = createHash("sha256").update("open-sesame").digest("hex");
		const options = { apiKeyHashes: [hash], metricsNeedKey: true };
		await using service = await startWatchedService(options);
		await expect(watch(service.url, 1)).rejects.toMatchObject({
			code: "invalid_api_key",
		});
		await expect(
			watch(`${service.url}/elsewhere`, 1, undefined, "open-sesame"),
		).rejects.toThrow("no Galley service");
	});

	it("is one line of JSON with the API's names", async () => {
		await using service = await startWatchedService();
		setSequences(service, [sequence({})]);
		const [, view] = await watch(service.url, 2);
		const line = toTopJson(view as TopView, new Date(0));
		expect(line).not.toContain("\n");
		expect(JSON.parse(line)).toMatchObject({
			time: "1970-01-01T00:00:00.000Z",
			model: "scripted",
			uptime_seconds: expect.any(Number),
			kv_cache: { layout: "streams", retained_tokens: 700 },
			rates: { step_p95_ms: null, generation_tokens_per_second: 0 },
			sequences: [{ id: "request-a", waits_for: null, cached_tokens: 60 }],
		});
	});
});
