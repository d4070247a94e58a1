import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureRandomModel } from "../../../bench/random-model/random-model.ts";
import type { ModelVocabulary } from "../engine.ts";
import { llamaEngine } from "./llama.ts";

describe("a vocabulary-only load", () => {
	let vocabulary: ModelVocabulary;
	beforeAll(() => {
		vocabulary = llamaEngine.loadVocabulary(ensureRandomModel("tiny"));
	});
	afterAll(() => vocabulary[Symbol.dispose]());

	it("has the model's metadata, long lists left out", () => {
		expect(vocabulary.metadata.get("general.architecture")).toBe("llama");
		expect(vocabulary.metadata.get("llama.context_length")).toBe("2048");
		expect(vocabulary.metadata.has("tokenizer.ggml.tokens")).toBe(false);
	});

	it("knows the precision of weights that it has not read", () => {
		expect(vocabulary.precision).toBe("Q8_0");
	});

	it("gives the chat template, and null for one that the model lacks", () => {
		expect(vocabulary.chatTemplate()).toContain("<|im_start|>");
		expect(vocabulary.chatTemplate()).toBe(
			vocabulary.metadata.get("tokenizer.chat_template"),
		);
		expect(vocabulary.chatTemplate("tool_use")).toBe(null);
	});

	it("tokenizes, and knows the tokens that end an answer", () => {
		const text = "Two tests, wörds & <|im_end|>";
		const tokens = vocabulary.tokenize(text, {
			addSpecial: false,
			parseSpecial: true,
		});
		expect(
			Buffer.concat(
				Array.from(tokens, (token) => vocabulary.tokenBytes(token, true)),
			).toString("utf8"),
		).toBe(text);
		expect(vocabulary.endOfGenerationTokens.has(tokens.at(-1) ?? -1)).toBe(
			true,
		);
	});

	it("is not used after dispose, which may come twice", () => {
		const other = llamaEngine.loadVocabulary(ensureRandomModel("tiny"));
		other[Symbol.dispose]();
		other[Symbol.dispose]();
		expect(() =>
			other.tokenize("a", { addSpecial: false, parseSpecial: false }),
		).toThrow(/disposed/);
		expect(() => other.chatTemplate()).toThrow(/disposed/);
	});
});
