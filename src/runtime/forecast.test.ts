import { describe, expect, test } from "vitest";
import { type ForecastServer, forecast, type Work } from "./forecast.ts";

/** A step is a second, whatever is in it. */
const server: ForecastServer = {
	price: { step: 1, prefillToken: 0, decodeSequence: 0 },
	prefillTokensPerStep: 10,
	concurrency: 2,
};

function work(given: Partial<Work> = {}): Work {
	return {
		tenant: "",
		priority: 0,
		prefillTokens: 10,
		decodeSteps: 10,
		forks: 0,
		...given,
	};
}

describe("forecast", () => {
	test("an idle server starts the newcomer at once", () => {
		const { newcomer } = forecast(server, [], [], work({ prefillTokens: 100 }));
		expect(newcomer?.startSeconds).toBe(0);
		expect(newcomer?.firstTokenSeconds).toBeGreaterThanOrEqual(10);
		expect(newcomer?.firstTokenSeconds).toBeLessThanOrEqual(11);
	});

	test("slots get free as answers end, and each takes the next in line", () => {
		const running = [
			work({ prefillTokens: 0, decodeSteps: 6 }),
			work({ prefillTokens: 0, decodeSteps: 11 }),
		];
		const waiting = [work(), work(), work()];
		const { starts, newcomer } = forecast(server, running, waiting, work());
		// Ends at 5 and 10; then an answer every 10 steps in each of two slots, its prefill taking one.
		expect(starts.map(({ index }) => index)).toEqual([0, 1, 2]);
		expect(starts.map(({ seconds }) => Math.round(seconds))).toEqual([
			5, 10, 15,
		]);
		expect(Math.round(newcomer?.startSeconds ?? 0)).toBe(20);
	});

	test("a lower priority goes first, then a tenant that has had less", () => {
		const running = [work({ tenant: "a" }), work({ tenant: "a" })];
		const waiting = [
			work({ tenant: "a" }),
			work({ tenant: "a" }),
			work({ tenant: "b" }),
			work({ tenant: "a", priority: -1 }),
		];
		const { starts } = forecast(server, running, waiting, null);
		expect(starts.map(({ index }) => index)).toEqual([3, 2, 0, 1]);
	});

	test("the other choices of a request need slots, but no prefill", () => {
		const waiting = [work({ forks: 3, prefillTokens: 100 })];
		const { newcomer } = forecast(server, [], waiting, work());
		// Four answers in two slots: the first two are over when the newcomer starts.
		expect(newcomer?.startSeconds).toBeGreaterThan(15);
		expect(newcomer?.startSeconds).toBeLessThan(30);
	});

	test("a queue of a hundred thousand is told at the pace of its beginning", () => {
		const waiting = Array.from({ length: 100_000 }, () => work());
		const { starts, newcomer } = forecast(server, [], waiting, work());
		expect(starts).toHaveLength(100_000);
		expect(new Set(starts.map(({ index }) => index)).size).toBe(100_000);
		expect(newcomer?.startSeconds).toBeGreaterThan(450_000);
		expect(newcomer?.startSeconds).toBeLessThan(550_000);
	});
});
