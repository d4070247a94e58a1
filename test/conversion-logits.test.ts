import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { convertPeftAdapter } from "../src/adapters/peft/convert-adapter.ts";
import type { Engine } from "../src/engine/engine.ts";
import { llamaEngine } from "../src/engine/llama/llama.ts";
import {
	type ConversionPrecision,
	convertModel,
} from "../src/models/conversion/convert-model.ts";

/** Tiny models, their tokens and logits, computed by transformers and peft: `reference/conversion.py` made them. */
const fixtures = join(import.meta.dirname, "fixtures/conversion");

interface Logits {
	/** Of the last position, whole. */
	last: number[];
	/** Of those before, every n-th column. */
	columns: number[][];
}

interface Expected {
	texts: { text: string; tokens: number[] }[];
	prompts: number[][];
	logits: Logits[];
	adapter?: Logits[];
}

const families = readdirSync(fixtures);
const directory = mkdtempSync(join(tmpdir(), "galley-conversion-"));
afterAll(() => rmSync(directory, { recursive: true }));

const expectedOf = (family: string): Expected =>
	JSON.parse(readFileSync(join(fixtures, family, "expected.json"), "utf8"));

/**
 * Both compute in 32-bit floats and differ in the order of sums: up to 1e-5 was seen with logits of about 5. A wrong
 * permutation, norm or rotation makes 0.1 at least.
 */
const tolerance = 1e-4;
/** The engine takes Gemma's activation from a table of half floats: 1.3e-3 was seen. */
const toleranceOf = (family: string) =>
	family.startsWith("gemma") ? 5e-3 : tolerance;

async function convert(
	family: string,
	precision: ConversionPrecision,
): Promise<string> {
	const output = join(directory, `${family}-${precision}.gguf`);
	await convertModel({ directory: join(fixtures, family), output, precision });
	return output;
}

function load(modelPath: string): Promise<Engine> {
	return llamaEngine.load({
		modelPath,
		contextLength: 256,
		maxSequences: 1,
		kvCells: 256,
		kvLayout: "unified",
		kvTypeK: "f32",
		kvTypeV: "f32",
		maxBatchTokens: 64,
		microBatchTokens: 64,
		threads: 1,
		threadsBatch: 1,
		flashAttention: "off",
		gpuLayers: 0,
		memoryMap: true,
		memoryLock: false,
	});
}

async function largestDifference(
	engine: Engine,
	prompt: readonly number[],
	expected: Logits,
): Promise<number> {
	engine.removeSequence(0, 0, -1);
	const { batch } = engine;
	for (const [position, token] of prompt.entries()) {
		batch.tokens[position] = token;
		batch.positions[position] = position;
		batch.sequences[position] = 0;
		batch.wantsLogits[position] = 1;
	}
	expect(await engine.run(prompt.length)).toBe("ok");
	const { last, columns } = expected;
	const step = Math.max(1, Math.floor(last.length / 8));
	let largest = 0;
	for (const position of prompt.keys()) {
		const row = [...engine.logits(position)];
		const isLast = position === prompt.length - 1;
		const seen = isLast
			? row
			: row.filter((_, index) => index % step === 0).slice(0, 8);
		const wanted = isLast ? last : (columns[position] ?? []);
		expect(seen.length).toBe(wanted.length);
		for (const [index, value] of seen.entries())
			largest = Math.max(largest, Math.abs(value - (wanted[index] ?? 0)));
	}
	return largest;
}

describe.each(families)("%s", (family) => {
	const expected = expectedOf(family);

	test("converted to f32 gives the logits of transformers", async () => {
		using engine = await load(await convert(family, "f32"));
		for (const [index, prompt] of expected.prompts.entries()) {
			const logits = expected.logits[index];
			if (logits === undefined) throw new Error("no logits");
			expect(await largestDifference(engine, prompt, logits)).toBeLessThan(
				toleranceOf(family),
			);
		}
	});

	test("cuts texts into the same tokens", async () => {
		using engine = await load(await convert(family, "f32"));
		for (const { text, tokens } of expected.texts) {
			const seen = engine.vocabulary.tokenize(text, {
				addSpecial: true,
				parseSpecial: true,
			});
			expect({ text, tokens: [...seen] }).toEqual({ text, tokens });
		}
	});

	test.runIf(expected.adapter !== undefined)(
		"with its PEFT adapter gives the logits of the merged weights",
		async () => {
			const baseModel = await convert(family, "f32");
			const output = join(directory, `${family}-adapter.gguf`);
			await convertPeftAdapter({
				directory: join(fixtures, family, "adapter"),
				baseModel,
				output,
			});
			using engine = await load(baseModel);
			const handle = await engine.loadAdapter(output);
			engine.setAdapters([{ handle, scale: 1 }]);
			for (const [index, prompt] of expected.prompts.entries()) {
				const logits = expected.adapter?.[index];
				if (logits === undefined) throw new Error("no logits");
				expect(await largestDifference(engine, prompt, logits)).toBeLessThan(
					toleranceOf(family),
				);
			}
		},
	);
});

/** How far logits may be from those of f32: about three times what was seen. */
const losses: [ConversionPrecision, number][] = [
	["f16", 0.02],
	["bf16", 0.4],
	["q8_0", 0.6],
];

test.each(losses)("in %s the logits stay near", async (precision, loss) => {
	for (const family of ["llama", "phi3"]) {
		const expected = expectedOf(family);
		using engine = await load(await convert(family, precision));
		for (const [index, prompt] of expected.prompts.entries()) {
			const logits = expected.logits[index];
			if (logits === undefined) throw new Error("no logits");
			const seen = await largestDifference(engine, prompt, logits);
			expect(seen).toBeLessThan(loss);
		}
	}
});
