import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { apply, operation } from "./conformance-operations.ts";
import {
	clear,
	entriesOf,
	feed,
	fill,
	largestDifference,
	run,
} from "./conformance-sequences.ts";
import type { Engine, KvLayout } from "./engine.ts";

const maxSequences = 4;

/** What sequences hold, and what is computed from it. */
export function describeSequences(
	load: () => Promise<Engine>,
	kvLayout: KvLayout,
	tolerance: number,
): void {
	let engine: Engine;
	beforeAll(async () => {
		engine = await load();
	});
	afterEach(() => clear(engine));
	afterAll(() => engine[Symbol.dispose]());

	const text = (length: number, seed: number): number[] =>
		Array.from(
			{ length },
			(_, index) =>
				300 + ((seed * 7919 + index * index * 31 + index * 17) % 200),
		);
	const none = new Float32Array(0);
	const expectSame = (actual: Float32Array, expected: Float32Array): void => {
		expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance);
	};
	const expectDifferent = (
		actual: Float32Array,
		expected: Float32Array,
	): void => {
		expect(largestDifference(actual, expected)).toBeGreaterThan(tolerance);
	};
	const alone = async (tokens: readonly number[]): Promise<Float32Array> => {
		clear(engine);
		const logits = await feed(engine, 0, tokens);
		clear(engine);
		return logits;
	};

	it("computes the same whether sequences run together or alone", async () => {
		const prompts = [text(9, 1), text(14, 2), text(5, 3)];
		const expected = [];
		for (const prompt of prompts) expected.push(await alone(prompt));
		const entries = prompts.flatMap((prompt, sequence) =>
			entriesOf(sequence, prompt),
		);
		expect(await run(engine, entries)).toBe("ok");
		let last = -1;
		for (const [sequence, prompt] of prompts.entries()) {
			last += prompt.length;
			expectSame(engine.logits(last), expected[sequence] ?? none);
		}
	});

	it("computes the same in one run, in chunks and token by token", async () => {
		const prompt = text(100, 4);
		const whole = await alone(prompt);
		for (const [sequence, chunk] of [1, 7, 40].entries())
			expectSame(await feed(engine, sequence, prompt, { chunk }), whole);
	});

	it("computes another result when a token, or the order of tokens, differs", async () => {
		const prompt = text(20, 5);
		const expected = await alone(prompt);
		expectDifferent(await alone(prompt.with(3, 505)), expected);
		expectDifferent(
			await alone(prompt.with(3, prompt[4] ?? 0).with(4, prompt[3] ?? 0)),
			expected,
		);
	});

	it("gives logits of every entry that wants them", async () => {
		const prompt = text(40, 6);
		const entries = entriesOf(1, prompt).map((entry) => ({
			...entry,
			wantsLogits: true,
		}));
		await run(engine, entries);
		const rows = prompt.map((_, index) => engine.logits(index).slice());
		expect(rows.every((row) => row.length === engine.info.vocabularySize)).toBe(
			true,
		);
		for (const index of [0, 13, 39])
			expectSame(rows[index] ?? none, await alone(prompt.slice(0, index + 1)));
	});

	it("lets a copy go its own way", async () => {
		const shared = text(30, 7);
		const [left, right] = [text(6, 8), text(6, 9)];
		const expected = [
			await alone([...shared, ...left]),
			await alone([...shared, ...right]),
		];
		await feed(engine, 0, shared);
		engine.copySequence(0, 2, 0, -1);
		expectSame(await feed(engine, 2, right, { from: 30 }), expected[1] ?? none);
		expectSame(await feed(engine, 0, left, { from: 30 }), expected[0] ?? none);
	});

	it("copies the first part only", async () => {
		const prompt = text(50, 10);
		const ending = text(4, 11);
		const expected = await alone([...prompt.slice(0, 21), ...ending]);
		await feed(engine, 1, prompt);
		engine.copySequence(1, 3, 0, 21);
		expectSame(await feed(engine, 3, ending, { from: 21 }), expected);
	});

	it("keeps a copy when its source goes", async () => {
		const prompt = text(25, 12);
		const expected = await alone([...prompt, 321]);
		await feed(engine, 0, prompt);
		engine.copySequence(0, 1, 0, -1);
		engine.removeSequence(0, 0, -1);
		await feed(engine, 0, text(40, 13));
		expectSame(await feed(engine, 1, [321], { from: 25 }), expected);
	});

	it("refuses copies that would leave gaps or overlap", async () => {
		await feed(engine, 0, text(10, 14));
		await feed(engine, 1, text(3, 15));
		expect(() => engine.copySequence(0, 1, 0, -1)).toThrow(/target holds 3/);
		expect(() => engine.copySequence(0, 2, 0, 11)).toThrow(/source holds 10/);
		expect(() => engine.copySequence(0, 2, 4, 8)).toThrow(/target holds 0/);
		expect(() => engine.copySequence(0, 0, 0, -1)).toThrow(/the same/);
		const beyond = engine.info.sequenceSlots;
		expect(() => engine.copySequence(0, beyond, 0, -1)).toThrow(/no sequence/);
	});

	if (kvLayout === "unified") {
		it("has slots for many more sequences than it computes at once", async () => {
			const last = engine.info.sequenceSlots - 1;
			expect(last).toBeGreaterThan(maxSequences);
			const prompt = text(20, 60);
			const expected = await alone([...prompt, 322]);
			await feed(engine, 0, prompt);
			engine.copySequence(0, last, 0, -1);
			engine.removeSequence(0, 0, -1);
			const state = engine.saveSequence(last);
			expectSame(await feed(engine, last, [322], { from: 20 }), expected);
			expect(engine.restoreSequence(last - 1, state)).toBe(true);
			expectSame(await feed(engine, last - 1, [322], { from: 20 }), expected);
			engine.removeSequence(last, 0, -1);
			engine.removeSequence(last - 1, 0, -1);
		});

		it("lets a sequence give up cells in its middle for another's equal ones", async () => {
			const prompt = text(40, 61);
			const ending = text(6, 62);
			const expected = await alone([...prompt, ...ending, 323]);
			await feed(engine, 0, prompt);
			await feed(engine, 2, [...prompt, ...ending]);
			engine.removeSequence(2, 10, 40);
			engine.copySequence(0, 2, 10, 40);
			expectSame(await feed(engine, 2, [323], { from: 46 }), expected);
			engine.removeSequence(2, 46, -1);
			engine.removeSequence(2, 0, 40);
			engine.copySequence(0, 2, 0, 40);
			engine.removeSequence(0, 0, -1);
			expectSame(await feed(engine, 2, [323], { from: 46 }), expected);
		});
	}

	it("computes again what was removed from the end", async () => {
		const prompt = text(40, 16);
		const expected = await alone(prompt);
		await feed(engine, 0, [...prompt.slice(0, 25), ...text(30, 17)]);
		expect(engine.removeSequence(0, 25, -1)).toBe(true);
		expectSame(await feed(engine, 0, prompt.slice(25), { from: 25 }), expected);
	});

	it("saves and restores a sequence, also in another place and when the original is gone", async () => {
		const prompt = text(33, 18);
		const expected = await alone([...prompt, 400]);
		await feed(engine, 0, prompt);
		const state = engine.saveSequence(0);
		engine.removeSequence(0, 0, -1);
		await feed(engine, 1, text(20, 19));
		expect(engine.restoreSequence(3, state)).toBe(true);
		expectSame(await feed(engine, 3, [400], { from: 33 }), expected);
	});

	it("saves a copy, and restores over the source of a copy, before anything else ran", async () => {
		const [first, second] = [text(30, 20), text(22, 21)];
		const expected = [
			await alone([...first, 401]),
			await alone([...second, 402]),
		];
		await feed(engine, 0, second);
		const saved = engine.saveSequence(0);
		engine.removeSequence(0, 0, -1);
		await feed(engine, 0, first);
		engine.copySequence(0, 1, 0, -1);
		const copy = engine.saveSequence(1);
		engine.copySequence(0, 2, 0, -1);
		engine.removeSequence(0, 0, -1);
		expect(engine.restoreSequence(0, saved)).toBe(true);
		expect(engine.restoreSequence(3, copy)).toBe(true);
		expectSame(await feed(engine, 2, [401], { from: 30 }), expected[0] ?? none);
		expectSame(await feed(engine, 3, [401], { from: 30 }), expected[0] ?? none);
		expectSame(await feed(engine, 1, [401], { from: 30 }), expected[0] ?? none);
		expectSame(await feed(engine, 0, [402], { from: 22 }), expected[1] ?? none);
	});

	it("restores an empty sequence as empty, over what was there", async () => {
		const empty = engine.saveSequence(2);
		await feed(engine, 2, text(5, 22));
		expect(engine.restoreSequence(2, empty)).toBe(true);
		expectSame(await feed(engine, 2, text(7, 23)), await alone(text(7, 23)));
	});

	it("reopens in the other layout, and takes states saved in this one", async () => {
		const prompt = text(30, 70);
		const expected = await alone([...prompt, 410]);
		await feed(engine, 2, prompt);
		const saved = engine.saveSequence(2);
		const other = kvLayout === "unified" ? "streams" : "unified";
		await engine.changeLayout(other);
		expect(engine.info.kvLayout).toBe(other);
		expect(engine.restoreSequence(1, saved)).toBe(true);
		const again = engine.saveSequence(1);
		expectSame(await feed(engine, 1, [410], { from: 30 }), expected);
		await engine.changeLayout(kvLayout);
		expect(engine.restoreSequence(3, again)).toBe(true);
		expectSame(await feed(engine, 3, [410], { from: 30 }), expected);
	});

	it("refuses a saved sequence that it did not write", () => {
		expect(() => engine.restoreSequence(0, new Uint8Array(64))).toThrow(
			/can't be restored/,
		);
	});

	it("says when there is no room, and keeps what it holds", async () => {
		const prompt = text(100, 24);
		const expected = await alone([...prompt, 500]);
		await feed(engine, 0, prompt);
		const { kvCells, contextLength: perSequence } = engine.info;
		const isShared = kvLayout === "unified";
		// Fill the rest: of the shared pool, or of sequence 1's own part.
		const rest = isShared ? kvCells - 100 : perSequence;
		for (let at = 0; at < rest; at += 64)
			await feed(engine, 1, text(Math.min(64, rest - at), 25), { from: at });
		const state = engine.saveSequence(0);
		expect(await run(engine, entriesOf(1, [1, 2], rest))).toBe("no-space");
		if (isShared) expect(engine.restoreSequence(2, state)).toBe(false);
		// Nothing of the failed runs is left: both go on where they were.
		engine.removeSequence(1, rest - 1, -1);
		expect(await run(engine, entriesOf(1, [3], rest - 1))).toBe("ok");
		engine.removeSequence(1, rest - 2, -1);
		expectSame(await feed(engine, 0, [500], { from: 100 }), expected);
	});

	it("ends a run early on abort; removing its entries makes everything as before", async () => {
		const prompt = text(50, 26);
		const next = text(100, 27);
		const expected = await alone([...prompt, ...next]);
		await feed(engine, 0, prompt);
		const running = engine.run(fill(engine, entriesOf(0, next, 50)));
		engine.abort();
		expect(await running).toBe("aborted");
		expect(() => engine.logits(99)).toThrow(/no logits/);
		engine.removeSequence(0, 50, -1);
		expectSame(await feed(engine, 0, next, { from: 50 }), expected);
	});

	it("does nothing on an abort when no run is in progress", async () => {
		engine.abort();
		expect(await run(engine, entriesOf(0, [301, 302]))).toBe("ok");
	});

	it("refuses positions that do not go on where the sequence ends, and stays usable", async () => {
		await feed(engine, 0, text(10, 28));
		await expect(run(engine, entriesOf(0, [300], 9))).rejects.toThrow(
			/position/,
		);
		await expect(run(engine, entriesOf(0, [300], 12))).rejects.toThrow(
			/position/,
		);
		await expect(
			run(engine, [
				...entriesOf(0, [300], 10),
				{ sequence: 0, position: 12, token: 301 },
			]),
		).rejects.toThrow(/position/);
		expectSame(
			await feed(engine, 0, [310], { from: 10 }),
			await alone([...text(10, 28), 310]),
		);
	});

	it("refuses entries and counts that do not exist", async () => {
		const { maxBatchTokens, vocabularySize } = engine.info;
		await expect(engine.run(0)).rejects.toThrow(/1 to/);
		await expect(engine.run(maxBatchTokens + 1)).rejects.toThrow(/1 to/);
		await expect(
			run(engine, [{ sequence: 0, position: 0, token: vocabularySize }]),
		).rejects.toThrow(/vocabulary/);
		await expect(
			run(engine, [{ sequence: 0, position: 0, token: -1 }]),
		).rejects.toThrow(/vocabulary/);
		await expect(
			run(engine, [
				{ sequence: engine.info.sequenceSlots, position: 0, token: 300 },
			]),
		).rejects.toThrow(/no sequence/);
		await run(engine, [{ sequence: 0, position: 0, token: 300 }]);
		expect(() => engine.logits(0)).toThrow(/wantsLogits/);
		expect(() => engine.logits(5)).toThrow(/wantsLogits/);
	});

	it("holds, after any operations in any order, what a list of tokens per sequence says", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(operation(maxSequences), { minLength: 1, maxLength: 12 }),
				async (operations) => {
					clear(engine);
					const held = await apply(engine, maxSequences, operations);
					for (const [sequence, tokens] of held.entries()) {
						const actual = await feed(engine, sequence, [506], {
							from: tokens.length,
						});
						engine.removeSequence(sequence, tokens.length, -1);
						const spare = engine.info.maxSequences - 1;
						expectSame(actual, await feed(engine, spare, [...tokens, 506]));
						engine.removeSequence(spare, 0, -1);
					}
				},
			),
			{ numRuns: 25 },
		);
	});
}
