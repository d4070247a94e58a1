import { expect, test } from "vitest";
import type { ServiceState } from "../core/language-service.ts";
import { toLiveAnswer, toReadyAnswer } from "./health.ts";

const preparing = {
	phase: "preparing",
	stage: "download",
	progress: 0.25049,
	receivedBytes: 1_000,
	totalBytes: 4_000,
	bytesPerSecond: 500,
	etaSeconds: 6,
} as const;
const states: Record<ServiceState["phase"], ServiceState> = {
	preparing,
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
	for (const phase of [
		"preparing",
		"loading",
		"ready",
		"restarting",
		"draining",
	] as const) {
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
		if (phase === "preparing") expect(body.state).toBe("downloading");
		else if (phase !== "ready") expect(body.state).toBe(phase);
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

test("a download tells its bytes, its rate and the time left", () => {
	expect(toReadyAnswer(preparing)).toEqual({
		status: 503,
		headers: { "retry-after": "6" },
		body: {
			object: "health.response",
			message: "downloading the model",
			ready: false,
			state: "downloading",
			progress: 0.25,
			received_bytes: 1_000,
			total_bytes: 4_000,
			bytes_per_second: 500,
			eta_seconds: 6,
		},
	});
	const unknown = { ...preparing, progress: null, etaSeconds: null };
	expect(toReadyAnswer(unknown)).toMatchObject({
		headers: { "retry-after": "10" },
		body: { progress: null, eta_seconds: null },
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
