import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { LoadOptions } from "../runtime/engine-protocol.ts";
import { measureAccuracy } from "./measure-accuracy.ts";
import { cutPrompts, measureSpeed } from "./measure-speed.ts";
import { planText } from "./score-text.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-measure-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fakeLoad(modelPath: string): LoadOptions {
	return {
		engine: "fake",
		search: {},
		options: {
			modelPath,
			contextLength: 256,
			maxSequences: 4,
			kvCells: 1024,
			kvLayout: "streams",
			kvTypeK: "f16",
			kvTypeV: "f16",
			maxBatchTokens: 64,
			microBatchTokens: 64,
			threads: 1,
			threadsBatch: 1,
			flashAttention: "auto",
			gpuLayers: 0,
			memoryMap: false,
			memoryLock: false,
		},
		scheduling: {
			maxLogitRows: 16,
			targetItlMs: null,
			prefixCache: true,
			maxIdleCells: null,
			speculation: false,
			hostCacheBytes: 0,
			prefixCacheDirectory: null,
			prefixCacheDiskBytes: 0,
			adaptsKvLayout: false,
		},
	};
}

const words = Int32Array.from(
	{ length: 900 },
	(_, index) => 263 + ((index * 37) % 200),
);
const load = {
	concurrencies: [1, 4],
	inputTokens: 20,
	outputTokens: 30,
	prefixTokens: 0,
	secondsPerLoad: 0.4,
};

describe("measureSpeed", () => {
	it("loads a candidate in an engine process and measures it at each concurrency", async () => {
		const run = await measureSpeed(
			fakeLoad("fake:?stepMs=4"),
			load,
			cutPrompts(words, load),
		);
		expect(run.loads.map(({ concurrency }) => concurrency)).toEqual([1, 4]);
		for (const figures of run.loads) {
			expect(figures.itlP95Ms).toBeGreaterThan(0);
			expect(figures.outputThroughput).toBeCloseTo(
				figures.outputTokens / figures.seconds,
				6,
			);
			expect(figures.itlP95Ms).toBeGreaterThanOrEqual(figures.itlP50Ms);
			expect(figures.ttftP95Ms).toBeGreaterThanOrEqual(figures.ttftP50Ms);
			expect(figures.decodeTokensPerSecond).toBeGreaterThan(0);
			expect(figures.outputTokens).toBeGreaterThan(0);
		}
		expect(run.peakMemoryBytes).toBeGreaterThan(10e6);
	});

	it("says why a candidate can't be loaded, and why it failed", async () => {
		const measure = (path: string) =>
			measureSpeed(fakeLoad(path), load, cutPrompts(words, load));
		await expect(measure("fake:?nonsense=1")).rejects.toThrow(/no option/);
		await expect(measure("fake:?crashLoad=1")).rejects.toThrow(/ended/);
		await expect(measure("fake:?failRun=5")).rejects.toThrow(/failRun/);
		await expect(measure("fake:?crashRun=5")).rejects.toThrow(/ended/);
	});

	it("ends when it is interrupted", async () => {
		const controller = new AbortController();
		const measuring = measureSpeed(
			fakeLoad("fake:?stepMs=4"),
			{ ...load, secondsPerLoad: 600 },
			cutPrompts(words, load),
			controller.signal,
		);
		setTimeout(() => controller.abort(new Error("stop")), 700);
		await expect(measuring).rejects.toThrow("stop");
	});
});

describe("cutPrompts", () => {
	it("gives prompts of the right length that share the prefix and nothing behind it", () => {
		const distinct = Int32Array.from({ length: 5000 }, (_, index) => index);
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 50 }),
				fc.integer({ min: 1, max: 50 }),
				fc.nat(200),
				fc.nat(200),
				(prefixTokens, inputTokens, left, right) => {
					const prompt = cutPrompts(distinct, { prefixTokens, inputTokens });
					const [first, second] = [prompt(left), prompt(right)];
					expect(first).toHaveLength(prefixTokens + inputTokens);
					expect(first.subarray(0, prefixTokens)).toEqual(
						second.subarray(0, prefixTokens),
					);
					if (left !== right)
						expect(first[prefixTokens]).not.toBe(second[prefixTokens]);
				},
			),
		);
	});
});

describe("measureAccuracy", () => {
	it("compares in a process of its own, and tells how far it is", async () => {
		const text = planText(words, {
			contextLength: 128,
			mostWindows: 4,
			bos: 256,
		});
		const referencePath = join(folder, "reference.bin");
		const measure = (path: string, mode: "record" | "compare") =>
			measureAccuracy(
				{ load: fakeLoad(path), text, referencePath, mode },
				(share) => void shares.push(share),
			);
		const shares: number[] = [];
		const own = await measure("fake:", "record");
		const same = await measure("fake:", "compare");
		const other = await measure("fake:?endAfter=3", "compare");
		expect(same).toEqual(own);
		expect(same.meanKl).toBe(0);
		expect(other.meanKl).toBeGreaterThan(1);
		expect(shares.length).toBeGreaterThan(3);
		await expect(measure("fake:?crashLoad=1", "compare")).rejects.toThrow(
			/ended/,
		);
		await expect(measure("fake:?nonsense=1", "compare")).rejects.toThrow(
			/no option/,
		);
	});
});
