import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GalleyError } from "../core/errors.ts";
import type { LanguageService } from "../core/language-service.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import { KeepAlive } from "./keep-alive.ts";
import {
	createScriptedService,
	type Script,
} from "./testing/scripted-service.ts";
import { createTestServer, listenForTest } from "./testing/test-server.ts";

describe("what keeps silent streams alive", () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	it("beats after the silence, and at each further one", () => {
		const keepAlive = new KeepAlive(15_000);
		const beat = vi.fn();
		keepAlive.begin(beat);
		vi.advanceTimersByTime(14_999);
		expect(beat).not.toHaveBeenCalled();
		vi.advanceTimersByTime(1_501);
		expect(beat).toHaveBeenCalledTimes(1);
		vi.advanceTimersByTime(15_000);
		expect(beat).toHaveBeenCalledTimes(2);
	});

	it("leaves a stream alone that speaks", () => {
		const keepAlive = new KeepAlive(15_000);
		const beat = vi.fn();
		const pulse = keepAlive.begin(beat);
		for (let second = 0; second < 100; second += 10) {
			vi.advanceTimersByTime(10_000);
			pulse.hasSpoken = true;
		}
		expect(beat).not.toHaveBeenCalled();
	});

	it("has one timer for all streams, and none without streams", () => {
		const keepAlive = new KeepAlive(15_000);
		const pulses = Array.from({ length: 50 }, () => keepAlive.begin(vi.fn()));
		expect(vi.getTimerCount()).toBe(1);
		for (const pulse of pulses) keepAlive.end(pulse);
		expect(vi.getTimerCount()).toBe(0);
		const again = keepAlive.begin(vi.fn());
		expect(vi.getTimerCount()).toBe(1);
		keepAlive.end(again);
		keepAlive.end(again);
		expect(vi.getTimerCount()).toBe(0);
	});

	it("does nothing when it is off", () => {
		const beat = vi.fn();
		new KeepAlive(0).begin(beat);
		expect(vi.getTimerCount()).toBe(0);
		vi.advanceTimersByTime(1e6);
		expect(beat).not.toHaveBeenCalled();
	});
});

const chat = { messages: [{ role: "user", content: "Hi" }], stream: true };
const bodies = {
	"/v1/chat/completions": chat,
	"/v1/completions": { prompt: "Hi", stream: true },
	"/v1/responses": { input: "Hi", stream: true },
	"/v1/messages": { ...chat, max_tokens: 50 },
};

/** A service whose events of some types wait until they are let go. */
async function serve(script: Script, held: readonly StreamEvent["type"][]) {
	const scripted = createScriptedService({ script });
	let letGo = () => {};
	const gate = new Promise<void>((resolve) => {
		letGo = resolve;
	});
	const service: LanguageService = {
		...scripted.service,
		generate(request, onEvent) {
			let told = Promise.resolve();
			return scripted.service.generate(request, (event) => {
				if (held.includes(event.type)) told = told.then(() => gate);
				told = told.then(() => onEvent(event));
			});
		},
	};
	const { app } = createTestServer(
		{ sseKeepaliveMs: 20 },
		{ ...scripted, service },
	);
	const address = await listenForTest(app);
	const post = (route: string, body: object) =>
		fetch(address + route, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(body),
		});
	return { letGo, post, [Symbol.asyncDispose]: async () => app.close() };
}

describe.each(Object.keys(bodies) as (keyof typeof bodies)[])(
	"a stream of POST %s",
	(route) => {
		const beat =
			route === "/v1/messages"
				? 'event: ping\ndata: {"type":"ping"}\n\n'
				: ": keep-alive\n\n";

		it("says that it lives before its first event", async () => {
			await using served = await serve({ deltas: ["Hello"] }, ["start"]);
			// Its head comes with the first beat: nothing else has happened.
			const answer = await served.post(route, bodies[route]);
			expect(answer.status).toBe(200);
			served.letGo();
			const text = await answer.text();
			expect(text.startsWith(beat)).toBe(true);
			expect(text.lastIndexOf(beat)).toBeLessThan(text.indexOf("Hello"));
		});

		it("says so between events", async () => {
			await using served = await serve({ deltas: ["Hello"] }, ["choice-end"]);
			const answer = await served.post(route, bodies[route]);
			let text = "";
			const decoder = new TextDecoder();
			for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
				text += decoder.decode(bytes, { stream: true });
				if (text.slice(text.indexOf("Hello")).includes(beat)) served.letGo();
			}
			expect(text.endsWith(beat)).toBe(false);
		});

		it("can still fail, with an event, when it has said so", async () => {
			const error = new GalleyError("deadline_exceeded", "Too late.");
			await using served = await serve({ deltas: [], errorAtStart: error }, [
				"error",
			]);
			const answer = await served.post(route, bodies[route]);
			expect(answer.status).toBe(200);
			served.letGo();
			const text = await answer.text();
			expect(text.startsWith(beat)).toBe(true);
			expect(text.trimEnd().split("\n\n").at(-1)).toContain("Too late.");
		});
	},
);

it("a response that runs in the background is kept alive too", async () => {
	await using served = await serve({ deltas: ["Hello"] }, ["start"]);
	const answer = await served.post("/v1/responses", {
		input: "Hi",
		background: true,
		stream: true,
	});
	let text = "";
	const decoder = new TextDecoder();
	for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
		text += decoder.decode(bytes, { stream: true });
		if (text.includes(": keep-alive\n\n")) served.letGo();
	}
	expect(text).toContain("response.completed");
});
