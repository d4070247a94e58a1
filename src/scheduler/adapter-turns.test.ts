import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandomSource } from "../benchmark/random-source.ts";
import { AdapterTurns, type AdapterWork } from "./adapter-turns.ts";

const work = (...adapters: string[]): AdapterWork[] =>
	adapters.map((adapter) => ({ adapter, runnableSequences: 1 }));

/** Chooses and serves one step, counted as one. */
function step(turns: AdapterTurns, active: readonly AdapterWork[]): string {
	const chosen = turns.choose(active);
	if (chosen !== null) turns.serve(1);
	return chosen ?? "-";
}

function steps(
	turns: AdapterTurns,
	count: number,
	active: readonly AdapterWork[],
): string {
	return Array.from({ length: count }, () => step(turns, active)).join("");
}

describe("AdapterTurns", () => {
	test("nobody's turn when nobody has work", () => {
		const turns = new AdapterTurns(4);
		expect(turns.choose([])).toBeNull();
		expect(turns.choose([{ adapter: "a", runnableSequences: 0 }])).toBeNull();
	});

	test("each keeps its turn for a quantum, then the next one has it", () => {
		const turns = new AdapterTurns(3);
		expect(steps(turns, 12, work("a", "b", "c"))).toBe("aaabbbcccaaa");
	});

	test("alone, an adapter goes on turn after turn, and owes nothing for it when another one comes", () => {
		const turns = new AdapterTurns(2);
		expect(steps(turns, 100, work("a"))).toBe("a".repeat(100));
		expect(steps(turns, 8, work("a", "b"))).toBe("bbaabbaa");
	});

	test("who comes in the middle of a turn waits for its end, not for a round", () => {
		const turns = new AdapterTurns(4);
		expect(steps(turns, 1, work("a"))).toBe("a");
		expect(steps(turns, 9, work("a", "b"))).toBe("aaabbbbaa");
	});

	test("an adapter without work gives its turn away at once", () => {
		const turns = new AdapterTurns(4);
		steps(turns, 2, work("a", "b"));
		expect(steps(turns, 2, work("b"))).toBe("bb");
		expect(steps(turns, 4, work("a", "b"))).toBe("bbaa");
	});

	test("leaving and coming back gains nothing", () => {
		const turns = new AdapterTurns(1);
		expect(step(turns, work("a", "b", "c", "d"))).toBe("a");
		expect(steps(turns, 2, work("b", "c", "d"))).toBe("bc");
		// It had its turn in this round, and b has waited for the next one since.
		expect(steps(turns, 4, work("a", "b", "c", "d"))).toBe("dbac");
	});

	test("an idle adapter gathers no credit", () => {
		const turns = new AdapterTurns(2);
		steps(turns, 4, work("a", "b"));
		steps(turns, 1000, work("b", "c"));
		const later = steps(turns, 60, work("a", "b", "c"));
		expect(later.split("a").length - 1).toBe(20);
	});

	test("a weight makes turns longer, not more frequent", () => {
		const turns = new AdapterTurns(4);
		const active = [
			{ adapter: "a", runnableSequences: 9 },
			{ adapter: "b", runnableSequences: 1, weight: 0.5 },
			{ adapter: "c", runnableSequences: 1, weight: 0.01 },
		];
		expect(steps(turns, 14, active)).toBe("aaaabbcaaaabbc");
	});

	test("a step that was not computed does not count", () => {
		const turns = new AdapterTurns(2);
		const active = work("a", "b");
		expect(step(turns, active)).toBe("a");
		expect(turns.choose(active)).toBe("a");
		expect(turns.choose(active)).toBe("a");
		expect(steps(turns, 3, active)).toBe("abb");
	});

	test("counted in seconds, service follows the weights although steps overrun turns", () => {
		const turns = new AdapterTurns(1);
		const random = createRandomSource(1);
		const served = new Map<string, number>();
		const active = [
			{ adapter: "a", runnableSequences: 1 },
			{ adapter: "b", runnableSequences: 1, weight: 0.5 },
			{ adapter: "c", runnableSequences: 1 },
		];
		for (let i = 0; i < 20_000; i++) {
			const adapter = turns.choose(active) ?? "";
			// One adapter's steps take three times as long as the others'.
			const seconds = (adapter === "c" ? 0.3 : 0.1) * (0.5 + random.next());
			turns.serve(seconds);
			served.set(adapter, (served.get(adapter) ?? 0) + seconds);
		}
		const [a = 0, b = 0, c = 0] = ["a", "b", "c"].map((name) =>
			served.get(name),
		);
		expect(a / b).toBeCloseTo(2, 1);
		expect(c / a).toBeCloseTo(1, 1);
	});

	test("steps longer than a turn pile up no debts", () => {
		const turns = new AdapterTurns(1);
		for (let i = 0; i < 100; i++) {
			turns.choose(work("a", "b"));
			turns.serve(50);
		}
		const chosen = Array.from({ length: 24 }, () => {
			const adapter = turns.choose(work("a", "b"));
			turns.serve(0.25);
			return adapter;
		}).join("");
		expect(chosen.slice(-16)).toMatch(/aaaabbbbaaaa|bbbbaaaabbbb/);
	});

	test("an endless stream of newcomers starves nobody and is not remembered for ever", () => {
		const turns = new AdapterTurns(1);
		steps(turns, 1, work("patient", "other"));
		let largestWait = 0;
		let wait = 0;
		for (let i = 0; i < 5_000; i++) {
			const newcomers = work(`n${i}`, `n${i + 1}`, `n${i + 2}`);
			const chosen = step(turns, [...newcomers, ...work("patient")]);
			wait = chosen === "patient" ? 0 : wait + 1;
			largestWait = Math.max(largestWait, wait);
			expect(turns.size).toBeLessThanOrEqual(4 + 256);
		}
		expect(largestWait).toBeLessThanOrEqual(6);
	});

	test("adapters that come and go in turns are not remembered for ever", () => {
		const turns = new AdapterTurns(2);
		for (let i = 0; i < 2_000; i++) {
			step(turns, work(`n${i}`, `n${i + 1}`));
			expect(turns.size).toBeLessThanOrEqual(2 + 256);
		}
	});

	const names = ["a", "b", "c", "d", "e", "f"];
	/** For each adapter, how long it has work and hasn't in turn. */
	const schedule = fc.array(
		fc.record({
			active: fc.subarray(names),
			steps: fc.integer({ min: 1, max: 12 }),
		}),
		{ minLength: 1, maxLength: 40 },
	);

	test("property: whoever has work waits at most one quantum for each other adapter with work meanwhile", () => {
		fc.assert(
			fc.property(
				schedule,
				fc.integer({ min: 1, max: 7 }),
				fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), {
					minLength: names.length,
					maxLength: names.length,
				}),
				(phases, quantum, weights) => {
					const turns = new AdapterTurns(quantum);
					const waits = new Map<
						string,
						{ steps: number; others: Set<string> }
					>();
					for (const phase of phases)
						for (let i = 0; i < phase.steps; i++) {
							const chosen = step(
								turns,
								phase.active.map((adapter) => ({
									adapter,
									runnableSequences: 1,
									weight: weights[names.indexOf(adapter)] as number,
								})),
							);
							if (phase.active.length > 0)
								expect(phase.active).toContain(chosen);
							for (const name of names) {
								if (name === chosen || !phase.active.includes(name)) {
									waits.delete(name);
									continue;
								}
								const wait = waits.get(name) ?? {
									steps: 0,
									others: new Set<string>(),
								};
								waits.set(name, wait);
								wait.steps++;
								for (const other of phase.active)
									if (other !== name) wait.others.add(other);
								expect(wait.steps).toBeLessThanOrEqual(
									wait.others.size * quantum,
								);
							}
						}
				},
			),
			{ numRuns: 150 },
		);
	});

	test("property: with equal weights, those that always have work are never more than a quantum apart", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 6 }),
				fc.integer({ min: 1, max: 9 }),
				fc.integer({ min: 1, max: 300 }),
				(adapters, quantum, count) => {
					const turns = new AdapterTurns(quantum);
					const served = new Array<number>(adapters).fill(0);
					const active = work(...names.slice(0, adapters));
					for (let i = 0; i < count; i++) {
						const index = names.indexOf(step(turns, active));
						served[index] = (served[index] ?? 0) + 1;
						expect(
							Math.max(...served) - Math.min(...served),
						).toBeLessThanOrEqual(quantum);
					}
				},
			),
		);
	});
});
