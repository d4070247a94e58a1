import { readFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cacheWords, splitsAtSpaces } from "./word-cache.ts";

const folder = `${import.meta.dirname}/../../models/starter-embed`;

async function readTokenizer() {
	const description = JSON.parse(
		await readFile(`${folder}/tokenizer.json`, "utf8"),
	);
	return { description, tokenizer: new Tokenizer(description, {}) };
}

describe("tokens by words", () => {
	test("are those of the whole text", async () => {
		const { tokenizer } = await readTokenizer();
		const whole = (text: string) =>
			tokenizer.encode(text, { add_special_tokens: false }).ids;
		const cached = cacheWords(whole);
		const piece = fc.oneof(
			fc.constantFrom(
				...["The", "Straße", "naïve", "don't", "[SEP]", "x[MASK]y", "ΟΔΟΣ"],
				...["日本語の文", "a\u0301", "\u00a0", "\u200b", "#tag", "3.14", "😀"],
				...[" ", "  ", "\n", "\t", "\r\n", "", ".", "[", "]"],
			),
			fc.string({ unit: "grapheme", maxLength: 8 }),
		);
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
				const text = pieces.join("");
				expect(cached(text)).toEqual(whole(text));
				expect(cached(text)).toEqual(whole(text));
			}),
			{ numRuns: 300 },
		);
	});

	test("are looked up only where the tokenizer splits at spaces", async () => {
		const { description } = await readTokenizer();
		expect(splitsAtSpaces(description)).toBe(true);
		const strips = {
			...description,
			added_tokens: [{ content: "<mask>", lstrip: true }],
		};
		expect(splitsAtSpaces(strips)).toBe(false);
		const byteLevel = {
			...description,
			pre_tokenizer: { type: "ByteLevel" },
		};
		expect(splitsAtSpaces(byteLevel)).toBe(false);
	});
});
