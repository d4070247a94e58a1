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
	])("%s gives transformers' own vectors, alone and beside longer texts", async (name, longest) => {
		const directory = await readEncoderDirectory(`${fixtures}/${name}`);
		expect(directory.maxInputTokens).toBe(longest);
		const text = new EncoderText(openTokenizer(directory), longest);
		const engine = await loadOnnxEncoder({
			modelPath: directory.variants[0]?.path ?? "",
			task: directory.task,
			pooling: directory.pooling,
			isNormalized: directory.isNormalized,
			padToken: directory.padToken,
			maxBatchTokens: 1024,
			maxInputTokens: longest,
			threads: 1,
			providers: ["cpu"],
		});
		const rows = reference[name] ?? [];
		expect(rows.length).toBeGreaterThan(3);
		const sequences = rows.map((row) => {
			const tokens = text.tokenize(row.text);
			expect([...tokens]).toEqual(row.ids);
			return { tokens, secondStart: tokens.length };
		});
		const together = await engine.run(sequences);
		const { width } = engine.info;
		for (const [index, { vector }] of rows.entries()) {
			const sequence = sequences[index];
			if (sequence === undefined) continue;
			const alone = await engine.run([sequence]);
			const beside = together.subarray(index * width, (index + 1) * width);
			for (const found of [alone, beside])
				vector.forEach((value, column) => {
					expect(found[column]).toBeCloseTo(value, 4);
				});
		}
		await engine[Symbol.asyncDispose]();
	});
});
