import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	decideMemory,
	type MemoryClaim,
	type MemoryHolder,
} from "./decide-memory.ts";

const holder = (name: string, more: Partial<MemoryHolder>): MemoryHolder => ({
	name,
	usedBytes: 0,
	leavingBytes: 0,
	isIdle: true,
	startsOnDemand: true,
	lastUsedAt: 0,
	...more,
});

describe("memory", () => {
	const claim: MemoryClaim = { name: "new", needBytes: 4 };

	test("what fits starts, in the order of who came first", () => {
		expect(
			decideMemory(
				10,
				[holder("a", { usedBytes: 3, isIdle: false })],
				[claim, { name: "b", needBytes: 3 }, { name: "c", needBytes: 1 }],
			),
		).toEqual({ start: ["new", "b"], evict: [], refuse: [] });
	});

	test("the least recently used idle service goes, and no more than it takes", () => {
		const holders = [
			holder("late", { usedBytes: 4, lastUsedAt: 9 }),
			holder("early", { usedBytes: 4, lastUsedAt: 1 }),
		];
		expect(decideMemory(10, holders, [claim])).toEqual({
			start: [],
			evict: ["early"],
			refuse: [],
		});
	});

	test("nobody goes while somebody is on the way out already, nor for nothing", () => {
		const leaving = holder("going", { usedBytes: 4, leavingBytes: 4 });
		const idle = holder("idle", { usedBytes: 4 });
		const none = { start: [], evict: [], refuse: [] };
		expect(decideMemory(10, [leaving, idle], [claim])).toEqual(none);
		const busy = holder("busy", { usedBytes: 8, isIdle: false });
		const small = holder("small", { usedBytes: 1 });
		expect(decideMemory(10, [busy, small], [claim])).toEqual(none);
	});

	test("what has no place beside those that always run is refused, and holds up nobody", () => {
		const always = holder("always", { usedBytes: 8, startsOnDemand: false });
		expect(
			decideMemory(10, [always], [claim, { name: "tiny", needBytes: 1 }]),
		).toEqual({ start: ["tiny"], evict: [], refuse: ["new"] });
	});
});

describe("whoever claims what", () => {
	const holders = fc.array(
		fc.record({
			usedBytes: fc.integer({ min: 0, max: 10 }),
			leavingShare: fc.constantFrom(0, 1),
			isIdle: fc.boolean(),
			startsOnDemand: fc.boolean(),
			lastUsedAt: fc.integer({ min: 0, max: 100 }),
		}),
		{ maxLength: 6 },
	);
	const claims = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 });
	const situation = fc
		.tuple(fc.integer({ min: 0, max: 40 }), holders, claims)
		.map(([budget, held, needs]) => ({
			budget,
			holders: held.map(({ leavingShare, ...one }, index) => ({
				...one,
				name: `h${index}`,
				leavingBytes: one.usedBytes * leavingShare,
			})),
			claims: needs.map((needBytes, index) => ({
				name: `c${index}`,
				needBytes,
			})),
		}));
	const sum = (values: number[]) =>
		values.reduce((total, value) => total + value, 0);

	test("starts never lead beyond the budget", () => {
		fc.assert(
			fc.property(situation, ({ budget, holders, claims }) => {
				const { start } = decideMemory(budget, holders, claims);
				if (start.length === 0) return;
				const added = claims.filter(({ name }) => start.includes(name));
				expect(
					sum(holders.map(({ usedBytes }) => usedBytes)) +
						sum(added.map(({ needBytes }) => needBytes)),
				).toBeLessThanOrEqual(budget);
			}),
		);
	});

	test("only idle on-demand services go, the least recently used first, and the first in line then fits", () => {
		fc.assert(
			fc.property(situation, ({ budget, holders, claims }) => {
				const { start, evict, refuse } = decideMemory(budget, holders, claims);
				if (evict.length === 0) return;
				const gone = holders.filter(({ name }) => evict.includes(name));
				for (const { isIdle, startsOnDemand } of gone)
					expect(isIdle && startsOnDemand).toBe(true);
				const latest = Math.max(...gone.map(({ lastUsedAt }) => lastUsedAt));
				const passedOver = holders.filter(
					(one) =>
						!evict.includes(one.name) &&
						one.isIdle &&
						one.startsOnDemand &&
						one.usedBytes > one.leavingBytes &&
						one.lastUsedAt < latest,
				);
				expect(passedOver).toEqual([]);
				const first = claims.find(
					({ name }) => !start.includes(name) && !refuse.includes(name),
				);
				const left = holders.filter(({ name }) => !evict.includes(name));
				const after =
					sum(left.map((one) => one.usedBytes - one.leavingBytes)) +
					sum(
						claims
							.filter(({ name }) => start.includes(name))
							.map(({ needBytes }) => needBytes),
					);
				expect(after + (first?.needBytes ?? 0)).toBeLessThanOrEqual(budget);
			}),
		);
	});

	test("nobody overtakes, and when all are idle somebody gets on", () => {
		fc.assert(
			fc.property(situation, ({ budget, holders, claims }) => {
				const { start, evict, refuse } = decideMemory(budget, holders, claims);
				const met = claims.map(
					({ name }) => start.includes(name) || refuse.includes(name),
				);
				expect(met.lastIndexOf(true)).toBeLessThan(
					met.includes(false) ? met.indexOf(false) : met.length,
				);
				const canMove = holders.every(
					({ isIdle, leavingBytes }) => isIdle && leavingBytes === 0,
				);
				if (claims.length > 0 && canMove)
					expect(start.length + evict.length + refuse.length).toBeGreaterThan(
						0,
					);
			}),
		);
	});
});
