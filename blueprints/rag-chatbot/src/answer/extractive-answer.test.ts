import { describe, expect, test } from "vitest";
import { extractiveAnswer } from "./extractive-answer.ts";
import type { FoundPassage } from "./passage.ts";
import { rankPassages } from "./rank-passages.ts";
import { sharedWords } from "./shared-words.ts";

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

describe("an answer without a language model", () => {
	const gateway = passage({
		documentId: "a",
		text: "# Gateway\n\nThe gateway routes requests by model name. It checks keys first.\n\n- A key may have limits of tokens a minute.\n",
	});
	const other = passage({
		documentId: "b",
		text: "Bread is baked from flour and water. Salt is added for its taste.",
	});

	test("quotes the paragraph whose sentence fits, with its place", async () => {
		const [quote, ...more] = await extractiveAnswer(
			"How does the gateway route requests?",
			[other, gateway],
			null,
		);
		expect(quote).toMatchObject({
			text: "The gateway routes requests by model name. It checks keys first.",
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
			"Nobody fails. The cache is full: the scheduler preempts. The scheduler empties a full cache.",
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
	const quotesOf = async (question: string, text: string) =>
		(await extractiveAnswer(question, [passage({ text })], null)).map(
			(quote) => ({ ...quote, cited: text.slice(quote.start, quote.end) }),
		);

	test("a command is quoted with what introduces it, others of the session are not", async () => {
		const text =
			'Keys are hashed.\n\nThe first one makes others:\n\n```console\n$ galley ps\nNAME  STATE\n$ galley keys create admin\n{"key": "gk_1"}\n$ galley down\n```\n';
		const [quote, ...more] = await quotesOf("How is a key created?", text);
		expect(quote?.text).toBe(
			'```console\n$ galley keys create admin\n{"key": "gk_1"}\n```',
		);
		expect(quote?.cited).toBe('$ galley keys create admin\n{"key": "gk_1"}');
		expect(more).toEqual([]);
		const [first] = await quotesOf("What does ps show?", text);
		expect(first?.text).toBe(
			"The first one makes others:\n\n```console\n$ galley ps\nNAME  STATE\n```",
		);
	});

	test("a program stands behind what announces it, never alone, and without its indentation", async () => {
		const program =
			"    import galley\n    for key in keys:\n        print(key)";
		const text = `Print all keys so:\n\n${program}\n`;
		const [quote] = await quotesOf("How do I print all keys?", text);
		expect(quote?.text).toBe(
			"Print all keys so:\n\n```\nimport galley\nfor key in keys:\n    print(key)\n```",
		);
		expect(await quotesOf("print keys", `${program}\n\nOther words.`)).toEqual(
			[],
		);
		// The chunk ends before what is announced.
		expect(await quotesOf("print all keys", "Print all keys so:\n")).toEqual(
			[],
		);
	});

	test("a list stands behind its colon", async () => {
		const [quote] = await quotesOf(
			"Which reasons are given?",
			"The reasons that are given:\n- the host is gone\n- the page is too large\n\nMore of it.",
		);
		expect(quote?.text).toBe(
			"The reasons that are given:\n- the host is gone\n- the page is too large",
		);
	});

	test("what points back has the sentence before it", async () => {
		const filler =
			"A long paragraph says much that nobody asked about. ".repeat(7);
		const [quote] = await quotesOf(
			"When is the idle replica stopped?",
			`${filler}The autoscaler counts requests. It is stopped when the replica is idle. ${filler}`,
		);
		expect(quote?.text).toBe(
			"The autoscaler counts requests. It is stopped when the replica is idle.",
		);
	});

	test("a passage cut out of a session is known by its prompt, until a blank line", async () => {
		const quotes = await quotesOf(
			"How do I see the logs?",
			"$ galley logs tiny\nready after 3 s\n\nThe logs of a service say when it was ready.",
		);
		expect(quotes.map(({ text }) => text)).toEqual([
			"```\n$ galley logs tiny\nready after 3 s\n```",
			"The logs of a service say when it was ready.",
		]);
	});

	test("the same words of two pages are quoted once", async () => {
		const text = "Keys are revoked at once.";
		const quotes = await extractiveAnswer(
			"How are keys revoked?",
			[passage({ documentId: "a", text }), passage({ documentId: "b", text })],
			null,
		);
		expect(quotes).toHaveLength(1);
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

test("the question's own words count beside the reranker as much as is asked", async () => {
	const found = [
		passage({ chunkId: "like", text: "The capital of Italy is Rome." }),
		passage({
			chunkId: "own",
			text: "Ulaanbaatar is the capital of Mongolia.",
		}),
	];
	const rank = async (wordWeight: number) => {
		const ranked = await rankPassages(found, {
			query: "What is the capital of Mongolia?",
			reranker: { rank: async () => [3, 2.5] },
			wordWeight,
		});
		return ranked.map(({ chunkId, relevance }) => [chunkId, relevance]);
	};
	expect(await rank(0)).toEqual([
		["like", 3],
		["own", 2.5],
	]);
	const [first, second] = await rank(4);
	expect(first).toEqual(["own", expect.closeTo(4.45, 1)]);
	expect(second?.[1]).toBeLessThan(3.2);
});
