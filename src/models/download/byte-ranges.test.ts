import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteRange, ByteRanges } from "./byte-ranges.ts";
import { parseJournal } from "./download-journal.ts";
import { RangeQueue } from "./range-queue.ts";
import { RateMeter } from "./rate-meter.ts";

const size = 60;
const range = fc
	.tuple(fc.nat(size), fc.nat(size))
	.map(([a, b]): ByteRange => [Math.min(a, b), Math.max(a, b)]);

function bytesOf(ranges: readonly ByteRange[]): Set<number> {
	const bytes = new Set<number>();
	for (const [from, end] of ranges)
		for (let at = from; at < end; at++) bytes.add(at);
	return bytes;
}

describe("ByteRanges", () => {
	it("know exactly the bytes that were added, in sorted ranges that don't touch", () => {
		fc.assert(
			fc.property(fc.array(range), (added) => {
				const ranges = new ByteRanges(added);
				const kept = ranges.toArray();
				expect(bytesOf(kept)).toEqual(bytesOf(added));
				expect(ranges.total).toBe(bytesOf(added).size);
				for (const [index, [from, end]] of kept.entries()) {
					expect(from).toBeLessThan(end);
					expect(from).toBeGreaterThan(kept[index - 1]?.[1] ?? -1);
				}
			}),
		);
	});

	it("lack exactly the others", () => {
		fc.assert(
			fc.property(fc.array(range), (added) => {
				const missing = bytesOf(new ByteRanges(added).missing(size));
				const present = bytesOf(added);
				for (let at = 0; at < size; at++)
					expect(missing.has(at)).toBe(!present.has(at));
			}),
		);
	});
});

describe("RangeQueue", () => {
	it("hands every missing byte out once, however often parts come back", () => {
		fc.assert(
			fc.property(
				fc.array(range),
				fc.integer({ min: 1, max: 20 }),
				fc.array(fc.nat(20), { maxLength: 20 }),
				(present, chunkBytes, cuts) => {
					const missing = new ByteRanges(present).missing(size);
					const queue = new RangeQueue(missing, chunkBytes);
					const fetched: ByteRange[] = [];
					for (let turn = 0; ; turn++) {
						const taken = queue.take();
						if (taken === null) break;
						const [from, end] = taken;
						expect(end - from).toBeLessThanOrEqual(chunkBytes);
						const reached = Math.min(end, from + (cuts[turn] ?? end));
						fetched.push([from, reached]);
						queue.giveBack(reached, end);
					}
					expect(bytesOf(fetched)).toEqual(bytesOf(missing));
					expect(
						fetched.reduce((sum, [from, end]) => sum + end - from, 0),
					).toBe(bytesOf(missing).size);
				},
			),
		);
	});
});

describe("the journal of a download", () => {
	it("cut off at any byte claims nothing that was not written before", () => {
		const states = [
			[],
			[[0, 10]],
			[
				[0, 10],
				[20, 31],
			],
			[[0, 55]],
		] as const;
		const lines = [
			{ galley: 1, sizeBytes: size, validator: '"tag"' },
			...states,
		].map((line) => `${JSON.stringify(line)}\n`);
		const whole = lines.join("");
		for (let cut = 0; cut <= whole.length; cut++) {
			const read = parseJournal(whole.slice(0, cut));
			const linesThere = whole.slice(0, cut).split("\n").length - 1;
			if (linesThere === 0) {
				expect(read).toBe(null);
				continue;
			}
			expect(read?.received.toArray()).toEqual(
				new ByteRanges(states[linesThere - 2] ?? []).toArray(),
			);
		}
	});

	it("falls back to the line before one that is damaged", () => {
		const header = '{"galley":1,"sizeBytes":60,"validator":null}\n';
		for (const damaged of ["[[0,1", "\0\0\0", "[[5,70]]", "[[9,3]]", "{}"])
			expect(
				parseJournal(`${header}[[0,10]]\n${damaged}\n`)?.received.toArray(),
			).toEqual([[0, 10]]);
		expect(parseJournal("something else\n")).toBe(null);
	});
});

describe("RateMeter", () => {
	it("comes to a steady rate at once, and follows a new one", () => {
		const meter = new RateMeter(1000);
		expect(meter.perSecond).toBe(null);
		for (let second = 0; second <= 5; second++)
			meter.update(second * 500, second * 1000);
		expect(meter.perSecond).toBeCloseTo(500);
		expect(meter.secondsFor(1000)).toBeCloseTo(2);
		for (let second = 6; second <= 20; second++)
			meter.update(2500 + (second - 5) * 50, second * 1000);
		expect(meter.perSecond).toBeCloseTo(50, 0);
	});

	it("takes no rate from two pieces in one moment, nor from a fresh start", () => {
		const meter = new RateMeter();
		meter.update(0, 0);
		meter.update(1_000_000, 1);
		expect(meter.perSecond).toBe(null);
		meter.update(10, 5000);
		meter.update(0, 6000);
		expect(meter.secondsFor(0)).toBe(0);
	});
});
