import { describe, expect, test } from "vitest";
import { AdmissionQueue } from "./admission-queue.ts";

const limits = {
	maxQueuedRequests: 3,
	maxQueuedPromptTokens: 100,
	maxSequences: 2,
};

describe("AdmissionQueue", () => {
	test("refuses one request more than may wait, until one leaves", () => {
		const queue = new AdmissionQueue(limits);
		for (const number of [1, 2, 3]) {
			expect(queue.refusal(5)).toBeNull();
			queue.enter(number, 5);
		}
		expect(queue.refusal(5)).toMatchObject({ code: "queue_full", status: 429 });
		queue.leave(2);
		expect(queue.refusal(5)).toBeNull();
	});

	test("bounds prompt tokens, but an empty queue takes any prompt", () => {
		const queue = new AdmissionQueue(limits);
		expect(queue.refusal(5000)).toBeNull();
		queue.enter(1, 90);
		expect(queue.refusal(10)).toBeNull();
		expect(queue.refusal(11)?.message).toMatch(
			/1 requests with 90 prompt tokens/,
		);
	});

	test("leaving twice counts once", () => {
		const queue = new AdmissionQueue(limits);
		queue.enter(1, 90);
		queue.leave(1);
		queue.leave(1);
		queue.enter(2, 50);
		expect(queue.refusal(50)).toBeNull();
		expect(queue.refusal(51)).not.toBeNull();
	});

	test("Retry-After follows the backlog and the measured time of a request", () => {
		const queue = new AdmissionQueue(limits);
		for (let finished = 0; finished < 100; finished++) queue.finished(20);
		for (const number of [1, 2, 3]) queue.enter(number, 1);
		// Three waiting, two at a time, 20 s each.
		expect(queue.refusal(1)?.retryAfterSeconds).toBeGreaterThanOrEqual(29);
		expect(queue.refusal(1)?.retryAfterSeconds).toBeLessThanOrEqual(30);
	});
});
