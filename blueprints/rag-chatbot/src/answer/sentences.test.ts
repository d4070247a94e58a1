import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoteText } from "./quote-text.ts";
import { readSentences } from "./sentences.ts";

describe("sentences of Markdown", () => {
	test("list items and table rows are some, headings and code are none", () => {
		const text =
			"# A heading of words\n\nOne sentence here. Another one there.\n\n```\ncode is not a sentence.\n```\n\n1. An item of a list.\n| a cell | another cell |\n| --- | --- |\n";
		expect(readSentences(text).map((sentence) => sentence.text)).toEqual([
			"One sentence here.",
			"Another one there.",
			"An item of a list.",
			"| a cell | another cell |",
		]);
		for (const sentence of readSentences(text))
			expect(text.slice(sentence.start, sentence.end)).toBe(sentence.text);
	});

	test("code is none either where the passage begins in the middle of it, is indented, or has no fence left", () => {
		const texts = (text: string) =>
			readSentences(text).map((sentence) => sentence.text);
		expect(texts("a line of code here\n```\n\nThen a sentence.")).toEqual([
			"Then a sentence.",
		]);
		expect(texts("Start it:\n\n    npm start  # the platform\n")).toEqual([]);
		expect(texts("- An item that\n    goes on so.")).toEqual([
			"An item that     goes on so.",
		]);
		expect(
			texts('const request = { model_name: "starter", x: [1, 1] };'),
		).toEqual([]);
	});
	test("a sentence may run over several lines, and is quoted as one", () => {
		const text =
			"- A sentence that\n  goes on here. Another\nsentence.\n\nThe next one.";
		const sentences = readSentences(text);
		expect(sentences.map((sentence) => quoteText(sentence.text))).toEqual([
			"A sentence that goes on here.",
			"Another sentence.",
			"The next one.",
		]);
		const [first] = sentences;
		expect(text.slice(first?.start, first?.end)).toBe(
			"A sentence that\n  goes on here.",
		);
	});

	test.each([
		[
			"**Run** `npm start`, see [the guide](x.md)",
			"Run `npm start`, see the guide",
		],
		["** and so on, *twice* or ***thrice***.", "and so on, twice or thrice."],
		["The first **word", "The first word"],
		["> # A `kv_cache` of 2 * 3 __bytes__ |", "A `kv_cache` of 2 * 3 bytes"],
		["| `RAG_PORT` | 8010 | the port |", "`RAG_PORT` · 8010 · the port"],
		["- [ ] Use `a \\| b *c*` or `d", "[ ] Use `a | b *c*` or d"],
		[
			"A snake_case_name and <br> a \\*star\\* here",
			"A snake_case_name and a *star* here",
		],
	])("%j is quoted as %j", (markdown, quoted) => {
		expect(quoteText(markdown)).toBe(quoted);
	});
	test("what is emphasised ends with its sentence, and code is never cut", () => {
		const text =
			"**Prefix caching.** It shares cells. Say `a. B c` here. **One of them goes. Two of them go.** Done with it.";
		expect(readSentences(text).map((sentence) => sentence.text)).toEqual([
			"**Prefix caching.**",
			"It shares cells.",
			"Say `a. B c` here.",
			"One of them goes.",
			"Two of them go.",
			"Done with it.",
		]);
	});
	test("property: a quote has no mark without its partner, at the ends or within", () => {
		const mark = fc.constantFrom(
			"**",
			"`",
			"*",
			"__",
			"> ",
			"# ",
			"| ",
			"- ",
			"\n",
			"~~",
		);
		const words = fc.constantFrom(
			"Cells are shared. ",
			"The cache, ",
			"a key ",
			"is full. ",
		);
		fc.assert(
			fc.property(
				fc.array(fc.oneof(mark, words, words), { maxLength: 24 }),
				(parts) => {
					const text = parts.join("");
					const line = text.replaceAll("\n", " ");
					for (const sentence of readSentences(text)) {
						expect(line.slice(sentence.start, sentence.end)).toBe(
							sentence.text,
						);
						const quoted = quoteText(sentence.text);
						// In code a star is a star.
						expect(quoted.replace(/(`+)[^`]+\1/g, "code")).not.toMatch(
							/^[\s*_~#>|]|[\s*_~|]$|\*\*|~~/,
						);
						expect((quoted.match(/`+/g)?.length ?? 0) % 2).toBe(0);
					}
				},
			),
		);
	});
});
