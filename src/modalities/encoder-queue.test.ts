import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBatch } from "./batch-plan.ts";
import { EncoderQueue } from "./encoder-queue.ts";

const sequenceOf = (length: number) => ({
	tokens: new Int32Array(length),
	secondStart: length,
});
const never = new AbortController().signal;
const wide = {
	maxRequests: 100,
	maxTokens: 1e6,
	maxBatchTokens: 1024,
	maxFill: 0.1,
};

/** An engine that answers when told to, with each sequence's length. */
function createQueue(limits: Partial<typeof wide> = {}, lanes = 1) {
	const batches: number[][] = [];
	const pending: (() => void)[] = [];
	const queue = new EncoderQueue({
		limits: { ...wide, ...limits },
		isOpen: () => true,
		lanes: () => lanes,
		run(sequences) {
			const lengths = sequences.map(({ tokens }) => tokens.length);
			batches.push(lengths);
			return new Promise((resolve) => {
				pending.push(() =>
					resolve({ rows: Float32Array.from(lengths), computeMs: 100 }),
				);
			});
		},
	});
	const step = async () => {
		pending.shift()?.();
		for (let turn = 0; turn < 4; turn++) await Promise.resolve();
	};
	return { queue, batches, pending, step };
}

describe("batches", () => {
	test("hold the one whose turn it is, stay in the budget, and are hardly filled up", () => {
		const text = fc.record({
			length: fc.integer({ min: 1, max: 300 }),
			turn: fc.integer({ min: 0, max: 1000 }),
		});
		fc.assert(
			fc.property(
				fc.array(text, { minLength: 1, maxLength: 60 }),
				fc.integer({ min: 16, max: 2000 }),
				fc.double({ min: 0, max: 0.5, noNaN: true }),
				(texts, maxBatchTokens, maxFill) => {
					const waiting = texts.sort(
						(a, b) => a.length - b.length || a.turn - b.turn,
					);
					const { from, to } = planBatch(waiting, { maxBatchTokens, maxFill });
					const batch = waiting.slice(from, to);
					const least = Math.min(...waiting.map(({ turn }) => turn));
					expect(batch.some(({ turn }) => turn === least)).toBe(true);
					const computed =
						batch.length * Math.max(...batch.map(({ length }) => length));
					const wanted = batch.reduce((sum, { length }) => sum + length, 0);
					if (batch.length > 1)
						expect(computed).toBeLessThanOrEqual(maxBatchTokens);
					expect(computed - wanted).toBeLessThanOrEqual(
						maxFill * computed + 1e-9,
					);
				},
			),
		);
	});

	test("nothing waiting is an empty batch", () => {
		expect(planBatch([], wide)).toEqual({ from: 0, to: 0 });
	});
});

describe("the queue", () => {
	test("answers every request once, with its own rows in its own order", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 12 }),
					{ maxLength: 10 },
				),
				async (requests) => {
					const { queue, pending, step } = createQueue();
					const answers = requests.map((lengths) =>
						queue.submit(lengths.map(sequenceOf), never),
					);
					while (pending.length > 0) await step();
					const rows = await Promise.all(answers);
					expect(rows.map((one) => one.map((row) => row[0]))).toEqual(requests);
					expect(queue.load()).toEqual({
						running: 0,
						waiting: 0,
						waitingTokens: 0,
					});
				},
			),
			{ numRuns: 50 },
		);
	});

	test("hands out as many batches as there are lanes, and one ahead", async () => {
		const { queue, pending, step } = createQueue({ maxBatchTokens: 10 }, 3);
		const answer = queue.submit(
			Array.from({ length: 9 }, () => sequenceOf(10)),
			never,
		);
		expect(pending).toHaveLength(4);
		await step();
		expect(pending).toHaveLength(4);
		while (pending.length > 0) await step();
		expect(await answer).toHaveLength(9);
	});

	test("drops what waits of a caller who left, and nothing of others", async () => {
		const { queue, batches, step } = createQueue({ maxBatchTokens: 10 });
		const leaving = new AbortController();
		const first = queue.submit([sequenceOf(10), sequenceOf(10)], never);
		const left = queue.submit(
			[sequenceOf(5), sequenceOf(6), sequenceOf(7)],
			leaving.signal,
		);
		const stays = queue.submit([sequenceOf(8)], never);
		leaving.abort();
		await expect(left).rejects.toMatchObject({ code: "client_closed" });
		expect(queue.load().waiting).toBe(1);
		for (let turn = 0; turn < 4; turn++) await step();
		expect(await first).toHaveLength(2);
		expect(await stays).toHaveLength(1);
		expect(batches.flat()).not.toContain(6);
	});

	test("a single text isn't kept waiting by a request of thousands", async () => {
		const { queue, batches, step } = createQueue({ maxBatchTokens: 100 });
		void queue.submit(
			Array.from({ length: 1000 }, () => sequenceOf(10)),
			never,
		);
		await step();
		const single = queue.submit([sequenceOf(40)], never);
		const before = batches.length;
		await step();
		await step();
		await step();
		await expect(single).resolves.toHaveLength(1);
		expect(batches.length - before).toBeLessThanOrEqual(3);
	});

	test("is full by requests and by tokens, and tells when to come back", async () => {
		const { queue, step } = createQueue({
			maxTokens: 300,
			maxBatchTokens: 100,
		});
		void queue.submit([sequenceOf(100)], never);
		void queue.submit([sequenceOf(100)], never);
		await step(); // 100 tokens in 100 ms
		void queue.submit([sequenceOf(100)], never);
		void queue.submit(
			Array.from({ length: 3 }, () => sequenceOf(100)),
			never,
		);
		expect(() => queue.submit([sequenceOf(100)], never)).toThrow(
			expect.objectContaining({ code: "queue_full", retryAfterSeconds: 1 }),
		);
		const crowded = createQueue({ maxRequests: 1 }).queue;
		for (let index = 0; index < 3; index++)
			void crowded.submit([sequenceOf(3)], never);
		expect(() => crowded.submit([sequenceOf(3)], never)).toThrow(
			"wait already",
		);
	});

	test("one request of more tokens than the queue may hold is taken when nothing waits", async () => {
		const { queue, pending, step } = createQueue({
			maxTokens: 50,
			maxBatchTokens: 100,
		});
		const answer = queue.submit(
			Array.from({ length: 100 }, () => sequenceOf(10)),
			never,
		);
		while (pending.length > 0) await step();
		expect(await answer).toHaveLength(100);
	});
});
