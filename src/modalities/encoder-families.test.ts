import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadOnnxEncoder } from "../engine/onnx/onnx-encoder.ts";
import { readEncoderDirectory } from "./encoder-directory.ts";
import { EncoderText } from "./encoder-text.ts";
import { openTokenizer } from "./onnx-tokenizer.ts";

type Reference = Record<
	string,
	{ text: string; ids: number[]; vector: number[] }[]
>;

const fixtures = `${import.meta.dirname}/testing/fixtures/families`;
const reference = JSON.parse(
	readFileSync(`${fixtures}/reference.json`, "utf8"),
) as Reference;

/** Tiny models with random weights; tokens and vectors are those of Hugging Face's tokenizers and transformers. */
describe("families beside BERT", () => {
	test.each([
		// Multilingual E5, BGE-M3: pieces of SentencePiece, positions from behind the padding, no kinds of tokens
		["tiny-xlm-roberta", 128],
		// GTE, Nomic and others on ModernBERT: bytes, rotary positions, local attention
		["tiny-modernbert", 256],
		["tiny-nomic-bert", 256],
	])(
		"%s gives transformers' own vectors, alone and beside longer texts",
		async (name, longest) => {
			const { directory, text, open } = await openFamily(name);
			expect(directory.maxInputTokens).toBe(longest);
			await using engine = await open(0);
			const rows = reference[name] ?? [];
			expect(rows.length).toBeGreaterThan(3);
			const sequences = rows.map((row) => {
				const tokens = text.tokenize(row.text);
				expect([...tokens]).toEqual(row.ids);
				return { tokens, secondStart: tokens.length };
			});
			const together = await engine.run(sequences);
			const { width } = engine.info;
			for (const [index, sequence] of sequences.entries()) {
				const wanted = rows[index]?.vector ?? [];
				expectNear(await engine.run([sequence]), wanted, 4);
				const beside = together.subarray(index * width, (index + 1) * width);
				expectNear(beside, wanted, 4);
			}
		},
	);

	test("a graph whose output has 16 bits is read as well", async () => {
		const { directory, open } = await openFamily("tiny-modernbert");
		expect(directory.variants.map(({ precision }) => precision)).toEqual([
			"fp32",
			"fp16",
		]);
		await using engine = await open(1);
		for (const { ids, vector } of reference["tiny-modernbert"] ?? []) {
			const tokens = Int32Array.from(ids);
			const row = await engine.run([{ tokens, secondStart: tokens.length }]);
			expectNear(row, vector, 2);
		}
	});
});

async function openFamily(name: string) {
	const directory = await readEncoderDirectory(`${fixtures}/${name}`);
	const { maxInputTokens } = directory;
	return {
		directory,
		text: new EncoderText(openTokenizer(directory), maxInputTokens),
		open: (variant: number) =>
			loadOnnxEncoder({
				modelPath: directory.variants[variant]?.path ?? "",
				task: directory.task,
				pooling: directory.pooling,
				isNormalized: directory.isNormalized,
				padToken: directory.padToken,
				maxBatchTokens: 1024,
				maxInputTokens,
				threads: 1,
				providers: ["cpu"],
			}),
	};
}

function expectNear(
	found: Float32Array,
	wanted: readonly number[],
	digits: number,
): void {
	expect(found).toHaveLength(wanted.length);
	for (const [column, value] of wanted.entries())
		expect(found[column]).toBeCloseTo(value, digits);
}
