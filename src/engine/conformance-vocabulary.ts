import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine, Vocabulary } from "./engine.ts";

/** Text to tokens and back. The models under test tokenize bytes, so that every text comes back as it was. */
export function describeVocabulary(load: () => Promise<Engine>): void {
	let engine: Engine;
	let vocabulary: Vocabulary;
	beforeAll(async () => {
		engine = await load();
		vocabulary = engine.vocabulary;
	});
	afterAll(() => engine[Symbol.dispose]());

	const plain = { addSpecial: false, parseSpecial: false };
	const detokenize = (
		tokens: Iterable<number>,
		renderSpecial = false,
	): string =>
		Buffer.concat(
			Array.from(tokens, (token) =>
				vocabulary.tokenBytes(token, renderSpecial),
			),
		).toString("utf8");

	it("gives back any text from its tokens", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string({ unit: "binary" }),
					fc.string({ unit: "grapheme" }),
					fc.lorem(),
				),
				(text) => {
					expect(detokenize(vocabulary.tokenize(text, plain))).toBe(text);
				},
			),
			{ numRuns: 300 },
		);
	});

	it("takes lone surrogates as U+FFFD", () => {
		expect(detokenize(vocabulary.tokenize("a\ud800b\udc00c", plain))).toBe(
			"a\ufffdb\ufffdc",
		);
	});

	it("tokenizes long texts and none at all", () => {
		const text = "the quick brown fox 🦊 ".repeat(2000);
		expect(detokenize(vocabulary.tokenize(text, plain))).toBe(text);
		expect(vocabulary.tokenize("", plain)).toHaveLength(0);
	});

	it("reads control tokens in a text only when asked to, and shows them only when asked to", () => {
		const [end] = vocabulary.endOfGenerationTokens;
		if (end === undefined) throw new Error("The model has no end token.");
		const name = detokenize([end], true);
		expect(name).not.toBe("");
		expect(detokenize([end])).toBe("");
		expect([
			...vocabulary.tokenize(name, { addSpecial: false, parseSpecial: true }),
		]).toEqual([end]);
		const asText = vocabulary.tokenize(name, plain);
		expect(asText.includes(end)).toBe(false);
		expect(detokenize(asText)).toBe(name);
	});

	it("puts the begin token first exactly when the model wants it and specials are asked for", () => {
		const tokens = vocabulary.tokenize("hello", {
			addSpecial: true,
			parseSpecial: false,
		});
		expect(tokens[0] === vocabulary.bos).toBe(vocabulary.addsBos);
		expect(vocabulary.tokenize("hello", plain)[0]).not.toBe(vocabulary.bos);
	});

	it("gives the same bytes for a token each time, for every token", () => {
		for (let token = 0; token < vocabulary.size; token++) {
			const first = [...vocabulary.tokenBytes(token, true)];
			expect([...vocabulary.tokenBytes(token, true)]).toEqual(first);
		}
	});

	it("refuses tokens that are not in the vocabulary", () => {
		for (const token of [-1, vocabulary.size, 0.5, Number.NaN]) {
			expect(() => vocabulary.tokenBytes(token, false)).toThrow(
				/not in the vocabulary/,
			);
		}
	});
}
