import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { clear, feed, largestDifference } from "./conformance-sequences.ts";
import type { AppliedAdapter, Engine, KvLayout } from "./engine.ts";

/** Writes an adapter for the subject's model; `architecture` makes it one for another model. */
export type WriteAdapter = (
	path: string,
	seed: number,
	architecture?: string,
) => Promise<string>;

const prompt = [300, 310, 320, 330, 340];

/** LoRA adapters: each gives other logits, none leaves a trace, and what can't be used is refused by name. */
export function describeAdapters(
	load: (kvLayout: KvLayout) => Promise<Engine>,
	writeAdapter: WriteAdapter,
	tolerance: number,
): void {
	let folder = "";
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), "galley-adapters-"));
	});
	afterEach(() => rm(folder, { recursive: true }));
	const written = (seed: number) =>
		writeAdapter(join(folder, `${seed}.gguf`), seed);
	const logitsWith = async (
		engine: Engine,
		adapters: readonly AppliedAdapter[],
	) => {
		clear(engine);
		engine.setAdapters(adapters);
		return feed(engine, 0, prompt);
	};

	it("computes with the adapters that are set, and with nothing else", async () => {
		using engine = await load("unified");
		const alone = await logitsWith(engine, []);
		const first = await engine.loadAdapter(await written(1));
		const second = await engine.loadAdapter(await written(2));
		const near = (a: Float32Array, b: Float32Array) =>
			expect(largestDifference(a, b)).toBeLessThanOrEqual(tolerance);
		const apart = (a: Float32Array, b: Float32Array) =>
			expect(largestDifference(a, b)).toBeGreaterThan(4 * tolerance);
		near(await logitsWith(engine, []), alone);
		const one = await logitsWith(engine, [{ handle: first, scale: 1 }]);
		const two = await logitsWith(engine, [{ handle: second, scale: 1 }]);
		const half = await logitsWith(engine, [{ handle: first, scale: 0.5 }]);
		const both = await logitsWith(engine, [
			{ handle: first, scale: 1 },
			{ handle: second, scale: 1 },
		]);
		const all = [alone, one, two, half, both];
		for (const [index, a] of all.entries())
			for (const b of all.slice(index + 1)) apart(a, b);
		near(await logitsWith(engine, [{ handle: first, scale: 0 }]), alone);
		near(
			await logitsWith(engine, [
				{ handle: second, scale: 1 },
				{ handle: first, scale: 1 },
			]),
			both,
		);
		near(await logitsWith(engine, [{ handle: first, scale: 1 }]), one);
		near(await logitsWith(engine, []), alone);
	});

	it("keeps what is set when the cache is reopened in another layout", async () => {
		using engine = await load("unified");
		const adapter = await engine.loadAdapter(await written(1));
		const expected = await logitsWith(engine, [{ handle: adapter, scale: 1 }]);
		await engine.changeLayout("streams");
		const actual = await feed(engine, 0, prompt);
		expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance);
	});

	it("unloads what is not set, and takes another one in its place", async () => {
		using engine = await load("unified");
		const path = await written(1);
		const first = await engine.loadAdapter(path);
		const expected = await logitsWith(engine, [{ handle: first, scale: 1 }]);
		expect(() => engine.unloadAdapter(first)).toThrow(/is set/);
		engine.setAdapters([]);
		engine.unloadAdapter(first);
		expect(() => engine.setAdapters([{ handle: first, scale: 1 }])).toThrow(
			/no adapter/,
		);
		expect(() => engine.unloadAdapter(first)).toThrow(/no adapter/);
		const other = await engine.loadAdapter(await written(2));
		const different = await logitsWith(engine, [{ handle: other, scale: 1 }]);
		expect(largestDifference(different, expected)).toBeGreaterThan(tolerance);
		const again = await engine.loadAdapter(path);
		const actual = await logitsWith(engine, [{ handle: again, scale: 1 }]);
		expect(largestDifference(actual, expected)).toBeLessThanOrEqual(tolerance);
	});

	it("refuses an adapter twice in one run, and scales that are no numbers", async () => {
		using engine = await load("unified");
		const handle = await engine.loadAdapter(await written(1));
		const twice = [
			{ handle, scale: 1 },
			{ handle, scale: 0.5 },
		];
		expect(() => engine.setAdapters(twice)).toThrow(/once/);
		const endless = { handle, scale: Number.POSITIVE_INFINITY };
		expect(() => engine.setAdapters([endless])).toThrow(/finite/);
	});

	it("refuses broken and foreign adapters by name, and goes on", async () => {
		using engine = await load("unified");
		const alone = await logitsWith(engine, []);
		const missing = join(folder, "missing.gguf");
		const text = join(folder, "text.gguf");
		await writeFile(text, "no adapter at all, but some text");
		const foreign = join(folder, "foreign.gguf");
		await writeAdapter(foreign, 1, "gemma");
		for (const path of [missing, text, foreign]) {
			const refusal = engine.loadAdapter(path);
			await expect(refusal).rejects.toThrow(path);
			await expect(refusal).rejects.toMatchObject({ code: "model_unusable" });
		}
		await expect(engine.loadAdapter(foreign)).rejects.toThrow(/architecture/);
		const cut = await written(3);
		await truncate(cut, 60);
		await expect(engine.loadAdapter(cut)).rejects.toThrow(cut);
		expect(
			largestDifference(await logitsWith(engine, []), alone),
		).toBeLessThanOrEqual(tolerance);
	});
}
