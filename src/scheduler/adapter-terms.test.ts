import fc from "fast-check";
import { expect, test } from "vitest";
import { AdapterTerms } from "./adapter-terms.ts";
import { Sequence } from "./sequence.ts";
import { WaitingQueue } from "./waiting-queue.ts";

const nobody: ReadonlySet<Sequence> = new Set();

function waiting(
	arrival: number,
	adapter: string,
	spec: { priority?: number; tenant?: string } = {},
): Sequence {
	return new Sequence(
		{
			request: arrival,
			choice: 0,
			promptTokens: Int32Array.of(1),
			maxTokens: 1,
			minTokens: 0,
			stopTokenIds: new Set(),
			wantsPromptLogits: false,
			priority: 0,
			tenant: "",
			namespace: adapter,
			...spec,
			adapter,
		},
		arrival,
		100,
	);
}

/** Lets everybody begin, `slots` at most at a time and the oldest leaving first; the order in which they did. */
function playAll(
	sequences: readonly Sequence[],
	slots: number,
	maxAdapters = Number.POSITIVE_INFINITY,
): { order: Sequence[]; mostAdapters: number } {
	const queue = new WaitingQueue();
	const terms = new AdapterTerms(queue, slots, maxAdapters);
	for (const sequence of sequences) queue.enter(sequence);
	const order: Sequence[] = [];
	const running: Sequence[] = [];
	let mostAdapters = 0;
	while (order.length < sequences.length) {
		const next = running.length < slots ? terms.next(nobody, running) : null;
		if (next === null) {
			// With nobody running there is always somebody who may begin.
			expect(running.length).toBeGreaterThan(0);
			running.shift();
			continue;
		}
		queue.remove(next);
		terms.began(next);
		order.push(next);
		running.push(next);
		const adapters = new Set(running.flatMap((one) => one.adapterIds));
		mostAdapters = Math.max(mostAdapters, adapters.size);
	}
	return { order, mostAdapters };
}

test("eight adapters that arrive in turns begin adapter by adapter, with at most two at a time", () => {
	const sequences = Array.from({ length: 64 }, (_, at) =>
		waiting(at, `adapter ${at % 8}`),
	);
	const { order, mostAdapters } = playAll(sequences, 8);
	const adapters = order.map(({ spec }) => spec.adapter);
	expect(adapters.filter((name, at) => name !== adapters[at - 1]).length).toBe(
		8,
	);
	expect(mostAdapters).toBe(2);
});

test("with one adapter the queue's order stands", () => {
	const sequences = [2, 0, 1, 0].map((priority, at) =>
		waiting(at, "one", { priority }),
	);
	expect(playAll(sequences, 2).order.map(({ arrival }) => arrival)).toEqual([
		1, 3, 2, 0,
	]);
});

test("a better priority and a preempted sequence do not wait for a term to end", () => {
	const urgent = waiting(9, "b", { priority: -1 });
	const back = waiting(8, "c");
	back.preemptions = 1;
	const sequences = [waiting(0, "a"), waiting(1, "a"), urgent, back];
	expect(playAll(sequences, 4).order.map(({ spec }) => spec.adapter)).toEqual([
		"b",
		"c",
		"a",
		"a",
	]);
});

test("no more adapters run than the engine may hold, and everybody begins all the same", () => {
	const sequences = Array.from({ length: 30 }, (_, at) =>
		waiting(at, at % 6 === 0 ? "" : `adapter ${at % 5}`),
	);
	expect(playAll(sequences, 6, 1).mostAdapters).toBe(1);
	expect(playAll(sequences, 6, 3).mostAdapters).toBeLessThanOrEqual(3);
});

test("property: whoever waits is overtaken by at most a term's sequences of each other adapter", () => {
	fc.assert(
		fc.property(
			fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }),
			fc.integer({ min: 1, max: 8 }),
			(adapters, slots) => {
				const sequences = adapters.map((adapter, at) =>
					waiting(at, `${adapter}`),
				);
				const { order } = playAll(sequences, slots);
				const others = new Set(adapters).size - 1;
				for (const [place, { arrival }] of order.entries()) {
					const overtakers = order
						.slice(0, place)
						.filter((one) => one.arrival > arrival).length;
					expect(overtakers).toBeLessThanOrEqual(others * (slots - 1));
				}
			},
		),
	);
});
