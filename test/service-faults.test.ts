import { describe, expect, test } from "vitest";
import { getJson, startService, streamChat, until } from "./start-service.ts";

/** The whole service with a real engine process and real sockets, and what goes wrong in production. */

describe("a service whose engine process is killed", () => {
	test("a stream in flight ends with one clear error, requests without output are retried, and the service comes back", async () => {
		await using service = await startService("fake:?stepMs=20", {
			maxNumSeqs: 1,
		});
		const firstProcess = service.model.engineProcessId as number;
		let hasText = () => {};
		const text = new Promise<void>((resolve) => {
			hasText = resolve;
		});
		const streaming = streamChat(service.url, { max_tokens: 400 }, hasText);
		await text;
		// One slot: this one waits and has produced nothing when the process dies.
		const waiting = streamChat(service.url, { max_tokens: 5 });
		await until(() => service.model.load().waiting === 1);
		process.kill(firstProcess, "SIGKILL");

		const broken = await streaming;
		expect(broken.errors).toMatchObject([{ code: "engine_crashed" }]);
		expect(broken.isDone).toBe(false);
		expect(broken.finishReasons).toEqual([]);

		const retried = await waiting;
		expect(retried).toMatchObject({
			status: 200,
			errors: [],
			finishReasons: ["length"],
			isDone: true,
		});
		expect(service.model.engineProcessId).not.toBe(firstProcess);
	});

	test("meanwhile the API answers 503 with Retry-After, and readiness says why", async () => {
		await using service = await startService("fake:?loadMs=700");
		process.kill(service.model.engineProcessId as number, "SIGKILL");
		await until(() => service.model.state().phase !== "ready");
		const refused = await fetch(`${service.url}/v1/chat/completions`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({
				model: "fake",
				messages: [{ role: "user", content: "hi" }],
			}),
		});
		expect(refused.status).toBe(503);
		expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(
			1,
		);
		const ready = await getJson(`${service.url}/v1/health/ready`);
		expect(ready.status).toBe(503);
		expect(ready.body.ready).toBe(false);
		expect((await getJson(`${service.url}/v1/health/live`)).status).toBe(200);
		await until(
			async () =>
				(await getJson(`${service.url}/v1/health/ready`)).status === 200,
		);
		expect((await streamChat(service.url, { max_tokens: 3 })).isDone).toBe(
			true,
		);
	});

	test("an engine that crashes by itself while computing ends the request with one error, after one silent retry", async () => {
		await using service = await startService("fake:?crashRun=1");
		const seen = await streamChat(service.url, { max_tokens: 5 });
		expect(seen.status).toBe(503);
		expect(seen.errors).toMatchObject([{ code: "engine_crashed" }]);
	});
});

describe("a service whose engine process can't load", () => {
	test("gives up after three crashes with a reason, instead of trying for ever", async () => {
		await expect(startService("fake:?crashLoad=1")).rejects.toThrow(
			/ended 3 times while it loaded the model \(SIGKILL\)/,
		);
	});
});

describe("a service whose clients go away", () => {
	test("the sequence is aborted and its slot is free for the next", async () => {
		await using service = await startService("fake:?stepMs=5", {
			maxNumSeqs: 1,
		});
		const leaving = new AbortController();
		const gone = streamChat(
			service.url,
			{ max_tokens: 4000 },
			() => leaving.abort(),
			leaving.signal,
		);
		await expect(gone).rejects.toThrow();
		// 4,000 tokens would take 20 s; the next one gets its turn at once.
		expect(await streamChat(service.url, { max_tokens: 3 })).toMatchObject({
			isDone: true,
			finishReasons: ["length"],
		});
		expect(service.model.load()).toMatchObject({ running: 0, waiting: 0 });
	});

	test("a storm of clients that connect and leave leaves nothing behind", async () => {
		await using service = await startService("fake:?stepMs=1");
		const storm = Array.from({ length: 150 }, async (_, index) => {
			const leaving = new AbortController();
			setTimeout(() => leaving.abort(), (index * 7) % 120);
			await streamChat(
				service.url,
				{ max_tokens: 2000 },
				undefined,
				leaving.signal,
			).catch(() => undefined);
		});
		await Promise.all(storm);
		await until(() => {
			const { running, waiting } = service.model.load();
			return running + waiting === 0;
		});
		expect(await streamChat(service.url, { max_tokens: 3 })).toMatchObject({
			isDone: true,
		});
	});
});

describe("a service that is told to stop", () => {
	test("what runs is finished, what is new is refused, readiness turns first", async () => {
		const service = await startService("fake:?stepMs=10");
		let hasText = () => {};
		const text = new Promise<void>((resolve) => {
			hasText = resolve;
		});
		const running = streamChat(service.url, { max_tokens: 60 }, hasText);
		await text;
		const stopped = service.stop();
		const ready = await getJson(`${service.url}/v1/health/ready`);
		expect(ready.status).toBe(503);
		const refused = await streamChat(service.url, { max_tokens: 3 });
		expect(refused).toMatchObject({
			status: 503,
			errors: [{ code: "draining" }],
		});
		expect(await running).toMatchObject({
			isDone: true,
			finishReasons: ["length"],
			errors: [],
		});
		await stopped;
		await expect(fetch(`${service.url}/health`)).rejects.toThrow();
	});

	test("what is not done within the limit ends with one error", async () => {
		const service = await startService("fake:?stepMs=20", {
			drainTimeoutSeconds: 0.2,
		});
		let hasText = () => {};
		const text = new Promise<void>((resolve) => {
			hasText = resolve;
		});
		const running = streamChat(service.url, { max_tokens: 4000 }, hasText);
		await text;
		await service.stop();
		expect(await running).toMatchObject({
			isDone: false,
			errors: [{ code: "draining" }],
		});
	});
});

describe("a service that has too much to do", () => {
	test("answers 429 with Retry-After when the queue is full, and the others get their answers", async () => {
		await using service = await startService("fake:?stepMs=5", {
			maxNumSeqs: 1,
			maxQueuedRequests: 3,
		});
		const burst = await Promise.all(
			Array.from({ length: 12 }, () =>
				streamChat(service.url, { max_tokens: 10 }),
			),
		);
		const refused = burst.filter(({ status }) => status === 429);
		expect(refused.length).toBeGreaterThan(0);
		expect(refused[0]?.errors).toMatchObject([{ code: "queue_full" }]);
		const answered = burst.filter(({ status }) => status === 200);
		expect(answered.length + refused.length).toBe(12);
		expect(answered.every(({ isDone }) => isDone)).toBe(true);
	});
});
