import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../engine/engine.ts";
import { createFakeModule } from "../engine/fake/fake.ts";
import { runAccuracy } from "./accuracy-run.ts";
import { countPositions, planText, scoreText } from "./score-text.ts";

const folder = mkdtempSync(join(tmpdir(), "galley-accuracy-"));
let engine: Engine;
let other: Engine;

async function open(path: string): Promise<Engine> {
	return createFakeModule().load({
		modelPath: path,
		contextLength: 64,
		maxSequences: 1,
		kvCells: 64,
		kvLayout: "streams",
		kvTypeK: "f16",
		kvTypeV: "f16",
		maxBatchTokens: 24,
		microBatchTokens: 24,
		threads: 1,
		threadsBatch: 1,
		flashAttention: "auto",
		gpuLayers: 0,
		memoryMap: false,
		memoryLock: false,
	});
}

beforeAll(async () => {
	engine = await open("fake:");
	// Ends after three tokens: other probabilities for the same text.
	other = await open("fake:?endAfter=3");
});
afterAll(() => {
	engine[Symbol.dispose]();
	other[Symbol.dispose]();
	rmSync(folder, { recursive: true });
});

const tokens = Int32Array.from(
	{ length: 300 },
	(_, index) => 263 + ((index * 37) % 200),
);
const text = planText(tokens, { contextLength: 64, mostWindows: 3, bos: 256 });

/** One token at a time, no windows cut into batches, the definition of perplexity. */
async function plainPerplexity(): Promise<number> {
	const surprises: number[] = [];
	for (let window = 0; window < 3; window++) {
		for (let position = 0; position < 63; position++) {
			const at = 64 * window + position;
			engine.batch.tokens[0] = position === 0 ? 256 : (tokens[at] as number);
			engine.batch.positions[0] = position;
			engine.batch.sequences[0] = 0;
			engine.batch.wantsLogits[0] = 1;
			await engine.run(1);
			if (position < 32) continue;
			const logits = engine.logits(0);
			const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
			const next = Math.exp(logits[tokens[at + 1] as number] as number);
			surprises.push(-Math.log(next / sum));
		}
		engine.removeSequence(0, 0, -1);
	}
	const mean =
		surprises.reduce((sum, surprise) => sum + surprise, 0) / surprises.length;
	return Math.exp(mean);
}

describe("planText", () => {
	it("scores the second half of each window, but for its last token, whose next one is another window's", () => {
		expect(text).toMatchObject({ windowTokens: 64, windows: 3 });
		expect(countPositions(text)).toBe(3 * 31);
	});

	it("refuses a text that is too short to say anything", () => {
		expect(() =>
			planText(tokens.subarray(0, 9), {
				contextLength: 64,
				mostWindows: 3,
				bos: null,
			}),
		).toThrow(/too short|at least/);
	});
});

describe("scoreText", () => {
	it("gives each scored position with the token that follows it, the same again afterwards", async () => {
		const seen: number[] = [];
		await scoreText(engine, text, (_logits, next) => seen.push(next));
		const expected = [0, 1, 2].flatMap((window) =>
			Array.from(tokens.subarray(64 * window + 33, 64 * window + 64)),
		);
		expect(seen).toEqual(expected);
		const again: number[] = [];
		await scoreText(engine, text, (_logits, next) => again.push(next));
		expect(again).toEqual(expected);
	});
});

describe("runAccuracy", () => {
	const order = {
		text,
		referencePath: join(folder, "reference.bin"),
		topCount: 1024,
	};

	it("has the perplexity of the definition, computed token by token", async () => {
		const figures = await runAccuracy(engine, { ...order, mode: "record" });
		expect(figures.positions).toBe(3 * 31);
		expect(figures.perplexity).toBeCloseTo(await plainPerplexity(), 2);
		expect(figures.meanKl).toBe(0);
	});

	it("finds no divergence of a model from itself", async () => {
		await runAccuracy(engine, { ...order, mode: "record" });
		const figures = await runAccuracy(engine, { ...order, mode: "compare" });
		expect(figures.meanKl).toBe(0);
		expect(figures.topAgreement).toBe(1);
		expect(figures.perplexity).toBe(figures.referencePerplexity);
	});

	it("finds the divergence of another model, and its other perplexity", async () => {
		await runAccuracy(engine, { ...order, mode: "record" });
		const figures = await runAccuracy(other, { ...order, mode: "compare" });
		expect(figures.meanKl).toBeGreaterThan(1);
		expect(figures.topAgreement).toBeLessThan(0.5);
		expect(figures.perplexity).not.toBeCloseTo(figures.referencePerplexity, 0);
	});

	it("refuses a reference of another text", async () => {
		await runAccuracy(engine, { ...order, mode: "record" });
		const shorter = { ...text, windows: 2 };
		await expect(
			runAccuracy(engine, { ...order, text: shorter, mode: "compare" }),
		).rejects.toThrow(/not those of this text/);
	});
});
