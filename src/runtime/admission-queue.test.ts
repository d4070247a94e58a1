import { describe, expect, test } from "vitest";
import {
	AdmissionQueue,
	type AskedArrival,
	type QueueLimits,
} from "./admission-queue.ts";
import { seededRandom } from "./testing/random.ts";
import { prices, SimulatedServer } from "./testing/simulated-server.ts";

const limits: QueueLimits = {
	maxQueuedRequests: 3,
	maxQueuedPromptTokens: 100,
	maxQueueSeconds: 0,
	maxSequences: 1,
};

function arrival(given: Partial<AskedArrival> = {}): AskedArrival {
	return {
		promptTokens: 5,
		choices: 1,
		maxTokens: 100,
		tenant: "",
		priority: 0,
		deadlineMs: null,
		...given,
	};
}

/** Its one slot is taken: whoever comes waits. */
function busyQueue(
	given: Partial<QueueLimits> = {},
	tenant = "",
): AdmissionQueue {
	const queue = new AdmissionQueue({ ...limits, ...given });
	expect(queue.admit(0, arrival({ tenant }), 0)).toBeNull();
	const server = new SimulatedServer(prices, 1, 512, seededRandom(1));
	server.submit({
		number: 0,
		promptTokens: 5,
		cachedTokens: 0,
		answerTokens: 1000,
		maxTokens: 100,
	});
	queue.hearStep(server.step(), server.now);
	return queue;
}

describe("the bounds of the queue", () => {
	test("one request more than may wait is refused, until one leaves", () => {
		const queue = busyQueue();
		for (const number of [1, 2, 3])
			expect(queue.admit(number, arrival(), 0)).toBeNull();
		expect(queue.admit(4, arrival(), 0)).toMatchObject({
			code: "queue_full",
			status: 429,
		});
		queue.leave(2);
		expect(queue.admit(5, arrival(), 0)).toBeNull();
	});

	test("prompt tokens are bounded, but an empty queue takes any prompt", () => {
		const queue = busyQueue();
		expect(queue.admit(1, arrival({ promptTokens: 5000 }), 0)).toBeNull();
		expect(queue.admit(2, arrival(), 0)?.message).toMatch(
			/1 requests with 5000 prompt tokens/,
		);
		queue.leave(1);
		expect(queue.admit(3, arrival({ promptTokens: 90 }), 0)).toBeNull();
		expect(queue.admit(4, arrival({ promptTokens: 11 }), 0)).not.toBeNull();
		expect(queue.admit(5, arrival({ promptTokens: 10 }), 0)).toBeNull();
	});

	test("leaving twice counts once", () => {
		const queue = busyQueue();
		queue.admit(1, arrival({ promptTokens: 90 }), 0);
		queue.leave(1);
		queue.leave(1);
		queue.admit(2, arrival({ promptTokens: 50 }), 0);
		expect(queue.admit(3, arrival({ promptTokens: 50 }), 0)).toBeNull();
		expect(queue.admit(4, arrival({ promptTokens: 1 }), 0)).not.toBeNull();
	});

	test("where nothing may wait, a free slot still takes a request", () => {
		const queue = new AdmissionQueue({ ...limits, maxQueuedRequests: 0 });
		expect(queue.admit(1, arrival(), 0)).toBeNull();
		expect(queue.admit(2, arrival(), 0)).toMatchObject({ code: "queue_full" });
		queue.leave(1);
		expect(queue.admit(3, arrival(), 0)).toBeNull();
	});
});

describe("tenants at the door", () => {
	const many = { maxQueuedRequests: 12, maxQueuedPromptTokens: 1_000_000 };

	test("one alone may use the whole queue", () => {
		const queue = busyQueue(many, "first");
		for (let number = 1; number <= 12; number++)
			expect(queue.admit(number, arrival({ tenant: "first" }), 0)).toBeNull();
		expect(queue.admit(13, arrival({ tenant: "first" }), 0)?.message).toMatch(
			/^12 requests with/,
		);
	});

	test("as soon as others ask, one may hold as much as it leaves free, and the refusal says so", () => {
		const queue = busyQueue(many, "first");
		queue.admit(100, arrival({ tenant: "other" }), 1000);
		let held = 0;
		while (queue.admit(held, arrival({ tenant: "greedy" }), 2000) === null)
			held++;
		// 12 places, one is the other's: 5 held leave 6 free, 6 held would leave 5.
		expect(held).toBe(6);
		expect(queue.admit(50, arrival({ tenant: "greedy" }), 2000)).toMatchObject({
			code: "queue_full",
			message: expect.stringMatching(/6 of your requests .* kept for others/),
			retryAfterSeconds: expect.any(Number),
		});
		expect(queue.admit(101, arrival({ tenant: "other" }), 2000)).toBeNull();
		expect(queue.admit(102, arrival({ tenant: "third" }), 2000)).toBeNull();
	});

	test("prompt tokens are shared in the same way", () => {
		const queue = busyQueue({ ...many, maxQueuedPromptTokens: 1000 }, "first");
		queue.admit(100, arrival({ tenant: "other" }), 1000);
		const big = arrival({ tenant: "greedy", promptTokens: 300 });
		expect(queue.admit(1, big, 1000)).toBeNull();
		expect(queue.admit(2, big, 1000)).toBeNull();
		expect(queue.admit(3, { ...big, promptTokens: 10 }, 1000)?.message).toMatch(
			/600 prompt tokens .* kept for others/,
		);
		expect(
			queue.admit(4, arrival({ tenant: "third", promptTokens: 300 }), 1000),
		).toBeNull();
	});

	test("after minutes without others, one has the whole queue again", () => {
		const queue = busyQueue(many, "first");
		queue.admit(100, arrival({ tenant: "other" }), 1000);
		queue.leave(100);
		let held = 0;
		while (queue.admit(held, arrival({ tenant: "greedy" }), 300_000) === null)
			held++;
		expect(held).toBe(12);
	});
});

/** A door before a simulated server. */
class Service {
	readonly queue: AdmissionQueue;
	readonly server: SimulatedServer;
	readonly random: () => number;
	readonly firstTokenAt = new Map<number, number>();
	readonly #maxTokens = 300;
	#next = 1;

	constructor(given: Partial<QueueLimits>, slots: number, seed: number) {
		this.random = seededRandom(seed);
		const all = { maxQueuedRequests: 1000, maxQueuedPromptTokens: 1e9 };
		this.queue = new AdmissionQueue({
			...limits,
			...all,
			maxSequences: slots,
			...given,
		});
		this.server = new SimulatedServer(prices, slots, 256, this.random);
	}

	/** A chat of middling length: its number when it was let in, else the error. */
	come(at: number, given: Partial<AskedArrival> = {}) {
		const number = this.#next++;
		const promptTokens = 40 + Math.floor(this.random() * 500);
		const answerTokens = 1 + Math.floor(-80 * Math.log(1 - this.random()));
		const asked = arrival({
			promptTokens,
			maxTokens: this.#maxTokens,
			...given,
		});
		const error = this.queue.admit(number, asked, at);
		if (error !== null) return { number, error };
		this.server.submit({
			number,
			promptTokens: asked.promptTokens,
			cachedTokens: 0,
			answerTokens,
			maxTokens: this.#maxTokens,
		});
		return { number, error: null };
	}

	/** Nobody comes. */
	runUntil(at: number): void {
		while (this.server.now < at && !this.server.isIdle) this.#step();
		this.server.now = Math.max(this.server.now, at);
	}

	/** Arrivals at random moments; `onArrival` does what it likes with them. */
	runWithArrivals(
		requestsPerSecond: number,
		seconds: number,
		onArrival: (at: number) => void,
	): void {
		let next = this.server.now;
		const end = this.server.now + seconds * 1000;
		while (next < end) {
			this.runUntil(next);
			onArrival(next);
			next -= (1000 * Math.log(1 - this.random())) / requestsPerSecond;
		}
	}

	#step(): void {
		const report = this.server.step();
		this.queue.hearStep(report, this.server.now);
		for (let index = 0; index < report.tokens.length; index += 3) {
			const number = report.tokens[index] as number;
			if (!this.firstTokenAt.has(number))
				this.firstTokenAt.set(number, this.server.now);
		}
		for (const { number } of report.ended) this.queue.leave(number);
	}
}

describe("a server asked for twice what it can do", () => {
	const bounds: [name: string, given: Partial<QueueLimits>][] = [
		["requests", { maxQueuedRequests: 20 }],
		["prompt tokens", { maxQueuedPromptTokens: 6000 }],
		["seconds", { maxQueueSeconds: 10 }],
	];
	for (const [name, given] of bounds) {
		test(`bounded by ${name}: whoever comes back after Retry-After is let in when nobody else came`, () => {
			let asked = 0;
			let refusedAgain = 0;
			for (let seed = 1; seed <= 12; seed++) {
				const service = new Service(given, 8, seed);
				service.runWithArrivals(1.6, 120, (at) => void service.come(at));
				const now = service.server.now;
				let last = service.come(now).error;
				for (let tries = 0; last === null && tries < 200; tries++)
					last = service.come(now).error;
				expect(last).toMatchObject({ code: "queue_full" });
				asked++;
				service.runUntil(now + (last?.retryAfterSeconds ?? 0) * 1000);
				if (service.come(service.server.now).error !== null) refusedAgain++;
			}
			expect(asked).toBe(12);
			expect(refusedAgain).toBeLessThanOrEqual(1);
		});
	}

	test("with a bound in seconds, those let in wait about that long at most, and the server never idles", () => {
		const service = new Service({ maxQueueSeconds: 10 }, 8, 7);
		const waits: number[] = [];
		const arrivals = new Map<number, number>();
		service.runWithArrivals(1.6, 400, (at) => {
			const { number, error } = service.come(at);
			if (error === null) arrivals.set(number, at);
		});
		for (const [number, at] of arrivals) {
			const first = service.firstTokenAt.get(number);
			if (first !== undefined && at > 60_000) waits.push((first - at) / 1000);
		}
		waits.sort((left, right) => left - right);
		expect(waits.length).toBeGreaterThan(100);
		expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(15);
		expect(waits[Math.floor(waits.length * 0.5)]).toBeGreaterThan(6);
	});

	test("with a deadline, hardly anybody is let in who then misses it by far, and the queue is as long as the deadline allows", () => {
		const service = new Service({}, 8, 11);
		const deadlineMs = 8000;
		const arrivals = new Map<number, number>();
		let refused = 0;
		service.runWithArrivals(1.6, 400, (at) => {
			const { number, error } = service.come(at, { deadlineMs });
			if (error === null) arrivals.set(number, at);
			else {
				expect(error).toMatchObject({ code: "deadline_unreachable" });
				expect(error.retryAfterSeconds).toBeGreaterThanOrEqual(1);
				refused++;
			}
		});
		let missed = 0;
		let met = 0;
		let late = 0;
		for (const [number, at] of arrivals) {
			const wait = (service.firstTokenAt.get(number) ?? Infinity) - at;
			if (at < 60_000 || wait === Infinity) continue;
			if (wait > 1.3 * deadlineMs) missed++;
			else met++;
			if (wait > 0.6 * deadlineMs) late++;
		}
		expect(refused).toBeGreaterThan(100);
		expect(missed / (missed + met)).toBeLessThan(0.1);
		expect(late / (missed + met)).toBeGreaterThan(0.5);
	});

	test("a tenant who asks rarely is let in while another one is told to wait", () => {
		const service = new Service({ maxQueueSeconds: 10 }, 8, 3);
		service.runWithArrivals(1.6, 120, (at) => {
			service.come(at, { tenant: "greedy" });
		});
		const now = service.server.now;
		let last = service.come(now, { tenant: "greedy" }).error;
		for (let tries = 0; last === null && tries < 200; tries++)
			last = service.come(now, { tenant: "greedy" }).error;
		expect(last).toMatchObject({ code: "queue_full" });
		expect(service.come(now, { tenant: "modest" }).error).toBeNull();
	});
});

describe("a deadline", () => {
	test("that even an idle server can't meet is refused without a time to come back", () => {
		const service = new Service({}, 8, 5);
		service.runWithArrivals(1, 30, (at) => void service.come(at));
		service.runUntil(service.server.now + 60_000);
		const asked = { promptTokens: 4000, deadlineMs: 500 };
		expect(service.come(service.server.now, asked).error).toMatchObject({
			code: "deadline_unreachable",
			status: 429,
			retryAfterSeconds: null,
			param: "deadline_ms",
		});
		expect(
			service.come(service.server.now, { ...asked, deadlineMs: 20_000 }).error,
		).toBeNull();
	});

	test("refuses nobody before anything was measured", () => {
		const queue = new AdmissionQueue(limits);
		const asked = arrival({ promptTokens: 100_000, deadlineMs: 1 });
		expect(queue.admit(1, asked, 0)).toBeNull();
	});
});
