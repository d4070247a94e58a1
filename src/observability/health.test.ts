import { expect, test } from "vitest";
import type { ServiceState } from "../core/language-service.ts";
import { toLiveAnswer, toReadyAnswer } from "./health.ts";

const states: Record<ServiceState["phase"], ServiceState> = {
	loading: { phase: "loading", progress: 0.41256, etaSeconds: 7.2 },
	ready: { phase: "ready" },
	restarting: {
		phase: "restarting",
		retryAfterSeconds: 2,
		reason: "the engine was killed",
	},
	draining: { phase: "draining" },
	failed: { phase: "failed", reason: "not a GGUF file" },
};

test("ready answers what NIM answers", () => {
	expect(toReadyAnswer(states.ready)).toEqual({
		status: 200,
		headers: {},
		body: { object: "health.response", message: "ready", ready: true },
	});
});

test("live answers 200 in every phase but after failure", () => {
	for (const phase of ["loading", "ready", "restarting", "draining"] as const) {
		expect(toLiveAnswer(states[phase])).toEqual({
			status: 200,
			headers: {},
			body: { object: "health.response", message: "live", live: true },
		});
	}
	expect(toLiveAnswer(states.failed)).toMatchObject({
		status: 503,
		body: { live: false, reason: "not a GGUF file" },
	});
});

test("only a ready service is ready, and every other answer names its phase", () => {
	for (const [phase, state] of Object.entries(states)) {
		const { status, body } = toReadyAnswer(state);
		expect(status).toBe(phase === "ready" ? 200 : 503);
		expect(body.ready).toBe(phase === "ready");
		if (phase !== "ready") expect(body.state).toBe(phase);
	}
});

test("loading tells progress and estimate, and when to come back", () => {
	expect(toReadyAnswer(states.loading)).toEqual({
		status: 503,
		headers: { "retry-after": "8" },
		body: {
			object: "health.response",
			message: "loading the model",
			ready: false,
			state: "loading",
			progress: 0.413,
			eta_seconds: 7.2,
		},
	});
	const unknown = { phase: "loading", progress: 0, etaSeconds: null } as const;
	expect(toReadyAnswer(unknown)).toMatchObject({
		headers: { "retry-after": "5" },
		body: { eta_seconds: null },
	});
});

test("a retry is asked for in whole seconds between one and sixty", () => {
	const headerFor = (etaSeconds: number) =>
		toReadyAnswer({ phase: "loading", progress: 0, etaSeconds }).headers[
			"retry-after"
		];
	expect([0, 0.2, 59.5, 4000].map(headerFor)).toEqual(["1", "1", "60", "60"]);
});

test("restarting says why and asks to come back", () => {
	expect(toReadyAnswer(states.restarting)).toMatchObject({
		headers: { "retry-after": "2" },
		body: { reason: "the engine was killed", retry_after_seconds: 2 },
	});
});

test("draining does not ask to come back", () => {
	expect(toReadyAnswer(states.draining).headers).toEqual({});
});
