import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toWords, WordIndex } from "./word-index.ts";

const texts = [
	"Qwen3 0.6B small chat",
	"Llama 3.2 1B chat",
	"Whisper speech recognition",
	"Café transcription français",
];
const index = new WordIndex(
	texts.map((text) => [{ text, weight: 1, isName: true }]),
);
const found = (question: string) =>
	index.find(question)?.found.map(({ position }) => position) ?? null;

describe("the index of words", () => {
	it("finds whole words, beginnings, and words that are one only for some people", () => {
		expect(found("chat")).toEqual([0, 1]);
		expect(found("whisp")).toEqual([2]);
		expect(found("llama3.2")).toEqual([1]);
		expect(found("0.6b")).toEqual([0]);
	});

	it("wants all words, and gives the nearest where nothing has all", () => {
		expect(found("chat llama")).toEqual([1]);
		expect(index.find("chat whisper")).toMatchObject({ isLoose: true });
		expect(found("chat nothinglikeit")).toEqual([0, 1]);
		expect(found("nothinglikeit")).toEqual([]);
	});

	it("leaves out accents, case and words that say nothing", () => {
		expect(found("FRANCAIS cafe")).toEqual([3]);
		expect(found("a model for the whisper")).toEqual([2]);
		expect(found("")).toBeNull();
		expect(found("?!")).toBeNull();
	});

	it("understands a slip of the finger, and only then looks for one", () => {
		for (const slip of ["whsiper", "whispr", "whissper", "whimper"])
			expect(found(slip)).toEqual([2]);
		expect(found("xhisper")).toEqual([]);
		expect(found("transcribe")).toEqual([3]);
	});

	it("ranks a whole word above a beginning, and a heavy word above a light one", () => {
		const weighed = new WordIndex([
			[{ text: "chatter", weight: 5 }],
			[{ text: "chat", weight: 5 }],
			[{ text: "chat", weight: 9 }],
		]);
		const scores = new Map(
			weighed
				.find("chat")
				?.found.map(({ position, score }) => [position, score]),
		);
		expect(scores.get(2)).toBeGreaterThan(scores.get(1) ?? 0);
		expect(scores.get(1)).toBeGreaterThan(scores.get(0) ?? 0);
	});

	it("finds every text by each of its words, and never throws", () => {
		const words = fc.stringMatching(/^[a-z0-9]{1,8}$/);
		fc.assert(
			fc.property(
				fc.array(fc.array(words, { minLength: 1, maxLength: 6 }), {
					minLength: 1,
					maxLength: 8,
				}),
				fc.string({ unit: "grapheme" }),
				(documents, junk) => {
					const built = new WordIndex(
						documents.map((document) => [
							{ text: document.join(" "), weight: 1 },
						]),
					);
					for (const [position, document] of documents.entries())
						for (const word of document)
							expect(
								built.find(word)?.found.map((hit) => hit.position),
							).toContain(position);
					built.find(junk);
				},
			),
		);
	});

	it("cuts words the same way in texts and questions", () => {
		expect(toWords("hf://Qwen/Qwen3-0.6B_GGUF")).toEqual([
			"hf",
			"qwen",
			"qwen3",
			"0.6b",
			"gguf",
		]);
	});
});
