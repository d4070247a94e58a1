import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AnswerPiece, CitationReader } from "./citation-reader.ts";
import { extractiveAnswer, sharedWords } from "./extractive-answer.ts";
import { packPassages } from "./pack-passages.ts";
import type { FoundPassage } from "./passage.ts";
import { joinedQuestion, leansOnHistory } from "./rewrite-question.ts";
import { quoteText, readSentences } from "./sentences.ts";

function passage(more: Partial<FoundPassage> = {}): FoundPassage {
	return {
		chunkId: "1",
		documentId: "1",
		source: "https://site.example/",
		title: "Site",
		headings: [],
		text: "",
		start: 0,
		end: 100,
		tokens: 50,
		searchScore: 1,
		similarity: null,
		relevance: null,
		...more,
	};
}

describe("passages in the prompt", () => {
	test("the best that fit, a shorter one instead of one that does not", () => {
		const packed = packPassages(
			[
				passage({ chunkId: "a", documentId: "a", tokens: 100 }),
				passage({ chunkId: "b", documentId: "b", tokens: 300 }),
				passage({ chunkId: "c", documentId: "c", tokens: 60 }),
			],
			{ maxTokens: 250, maxPassages: 5 },
		);
		expect(packed.map(({ chunkId }) => chunkId)).toEqual(["a", "c"]);
	});

	test("a passage that stands in a better one already is left out", () => {
		const packed = packPassages(
			[
				passage({ chunkId: "a", start: 0, end: 100 }),
				passage({ chunkId: "b", start: 10, end: 102 }),
				passage({ chunkId: "c", start: 80, end: 200 }),
			],
			{ maxTokens: 1000, maxPassages: 5 },
		);
		expect(packed.map(({ chunkId }) => chunkId)).toEqual(["a", "c"]);
	});
});

describe("citations in an answer", () => {
	const read = (pieces: readonly string[], passages = 3): AnswerPiece[] => {
		const reader = new CitationReader(passages);
		const found = [
			...pieces.flatMap((piece) => reader.push(piece)),
			...reader.end(),
		];
		// Neighbouring texts depend on how the answer was cut.
		const joined: AnswerPiece[] = [];
		for (const piece of found) {
			const last = joined.at(-1);
			if (piece.type === "text" && last?.type === "text")
				last.text += piece.text;
			else joined.push({ ...piece });
		}
		return joined;
	};

	test("are found, several in one pair of brackets too", () => {
		expect(read(["It is so [1], and so [2, 3]."])).toEqual([
			{ type: "text", text: "It is so " },
			{ type: "citation", number: 1, text: "[1]" },
			{ type: "text", text: ", and so " },
			{ type: "citation", number: 2, text: "[2]" },
			{ type: "citation", number: 3, text: "[3]" },
			{ type: "text", text: "." },
		]);
	});

	test("that repeat the one before are one", () => {
		const texts = (pieces: readonly string[]) =>
			read(pieces)
				.map(({ text }) => text)
				.join("");
		expect(texts(["So it is [1][1]. And [1, 1], [2] [1] too."])).toBe(
			"So it is [1]. And [1], [2] too.",
		);
		expect(texts(["So it is [1]", " ", "[1", "]"])).toBe("So it is [1]");
	});
	test("of passages that do not exist are left out, other brackets stay", () => {
		expect(read(["See [9], a[i], [x](y) and [ 1"])).toEqual([
			{ type: "text", text: "See , a[i], [x](y) and [ 1" },
		]);
	});

	test("property: however the answer is cut, it reads the same", () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.constantFrom("[1]", "[2, 3]", "[", "]", "12", " ", "word", "[7]"),
					{ maxLength: 20 },
				),
				fc.array(fc.nat(60), { maxLength: 10 }),
				(parts, cuts) => {
					const text = parts.join("");
					const places = [...cuts, 0, text.length].sort((a, b) => a - b);
					const pieces = places
						.slice(1)
						.map((place, index) => text.slice(places[index], place));
					expect(read(pieces)).toEqual(read([text]));
				},
			),
		);
	});
});

describe("an answer without a language model", () => {
	const gateway = passage({
		documentId: "a",
		text: "# Gateway\n\nThe gateway routes requests by model name. It checks keys first.\n\n- A key may have limits of tokens a minute.\n",
	});
	const other = passage({
		documentId: "b",
		text: "Bread is baked from flour and water. Salt is added for its taste.",
	});

	test("quotes the sentence that fits, with its place", async () => {
		const [quote, ...more] = await extractiveAnswer(
			"How does the gateway route requests?",
			[other, gateway],
			null,
		);
		expect(quote).toMatchObject({
			text: "The gateway routes requests by model name.",
			passage: 2,
		});
		expect(gateway.text.slice(quote?.start, quote?.end)).toBe(quote?.text);
		expect(more).toEqual([]);
	});

	test("lets a reranker decide where there is one", async () => {
		const quotes = await extractiveAnswer(
			"anything",
			[gateway],
			async (texts) => texts.map((text) => (text.includes("limits") ? 4 : -4)),
		);
		expect(quotes.map(({ text }) => text)).toEqual([
			"A key may have limits of tokens a minute.",
		]);
	});

	test("sentences that follow each other are one quote; marks cut off at its ends are no part of it", async () => {
		const [quote, ...more] = await extractiveAnswer(
			"What does the scheduler do when the cache is full?",
			[
				passage({
					text: "** Nobody fails. **The cache is full:** the scheduler preempts. The scheduler empties a full cache.",
				}),
			],
			null,
		);
		expect(quote?.text).toBe(
			"The cache is full: the scheduler preempts. The scheduler empties a full cache.",
		);
		expect(more).toEqual([]);
	});
	test("rows of a table are quotes of their own", async () => {
		const quotes = await extractiveAnswer(
			"Which fee for which length?",
			[
				passage({
					text: "| Length | Fee |\n| --- | --- |\n| Length of 6 m | Fee of 24 |\n| Length of 9 m | Fee of 36 |",
				}),
			],
			null,
		);
		expect(quotes.map(({ text }) => text)).toEqual([
			"Length · Fee",
			"Length of 6 m · Fee of 24",
			"Length of 9 m · Fee of 36",
		]);
	});
	test("is empty when nothing is shared", async () => {
		expect(await extractiveAnswer("Zebra?", [gateway, other], null)).toEqual(
			[],
		);
	});

	test("words count by what they say, in any form", () => {
		const question = "What routes the requests?";
		expect(sharedWords(question, "It routed one request.")).toBeGreaterThan(
			0.9,
		);
		expect(sharedWords(question, "What is the time?")).toBeLessThan(0.2);
	});
});

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

describe("questions that lean on the conversation", () => {
	const history = [
		{ role: "user", content: "What is the gateway?" },
		{ role: "assistant", content: "The one door." },
	] as const;

	test("take the question before along", () => {
		expect(joinedQuestion("How do I configure it?", history)).toBe(
			"What is the gateway? How do I configure it?",
		);
		expect(joinedQuestion("And its limits?", [])).toBe("And its limits?");
	});

	test("others do not", () => {
		const question = "Which databases does the store support today?";
		expect(leansOnHistory(question)).toBe(false);
		expect(joinedQuestion(question, history)).toBe(question);
	});
});
