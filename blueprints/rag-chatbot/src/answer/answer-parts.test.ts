import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AnswerPiece, CitationReader } from "./citation-reader.ts";
import { packPassages } from "./pack-passages.ts";
import type { FoundPassage } from "./passage.ts";
import { joinedQuestion, leansOnHistory } from "./rewrite-question.ts";

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
