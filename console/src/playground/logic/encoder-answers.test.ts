import { describe, expect, test } from "vitest";
import { readEmbeddings, readRanking } from "./encoder-answers.ts";

describe("embeddings", () => {
	test("are put into the order of the texts", () => {
		const { vectors, usage } = readEmbeddings(
			{
				data: [
					{ index: 1, embedding: [0, 1] },
					{ index: 0, embedding: [1, 0] },
				],
				usage: { prompt_tokens: 6, total_tokens: 6 },
			},
			["a", "b"],
		);
		expect(vectors).toEqual([
			[1, 0],
			[0, 1],
		]);
		expect(usage?.promptTokens).toBe(6);
	});

	test("that lack one are no answer", () => {
		expect(() => readEmbeddings({ data: [] }, ["a"])).toThrow("no vector");
		expect(() => readEmbeddings(null, ["a"])).toThrow();
	});
});

describe("a ranking", () => {
	test("is sorted, with shares", () => {
		const { passages } = readRanking(
			{
				rankings: [
					{ index: 0, logit: -2 },
					{ index: 2, logit: 0 },
					{ index: 1, logit: 0 },
					{ index: 9, logit: 5 },
				],
			},
			["a", "b", "c"],
		);
		expect(passages.map(({ text }) => text)).toEqual(["b", "c", "a"]);
		expect(passages[0]?.relevance).toBe(0.5);
	});

	test("of nothing is no answer", () => {
		expect(() => readRanking({ rankings: [] }, ["a"])).toThrow(
			"ranked nothing",
		);
	});
});
