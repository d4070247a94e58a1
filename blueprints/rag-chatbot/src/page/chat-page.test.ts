import { describe, expect, test } from "vitest";
import { findBrowser } from "../testing/browser.ts";
import { citationOf, sampleCitations } from "../testing/mock-samples.ts";
import { usePage } from "../testing/use-page.ts";

describe.skipIf(findBrowser() === null)("the chat page, in a browser", () => {
	const page = usePage();

	test("an answer streams in, and its number opens the passage marked in its document", async () => {
		await page.browser.visit(page.api.url);
		await page.ask("What happens when the cache is full?");
		await page.answered();
		expect(await page.text(".answer .prose strong")).toBe(
			"youngest sequence is preempted",
		);
		expect(await page.count(".answer .chip")).toBe(2);
		expect(page.api.bodies("POST", "/v1/chat/completions")).toEqual([
			{
				model: "rag",
				stream: true,
				messages: [
					{ role: "user", content: "What happens when the cache is full?" },
				],
				conversation: "talk-0",
				settings: {},
			},
		]);
		await page.browser.click(".answer .chip");
		await page.browser.until(`document.querySelector(".panel mark")`);
		expect(await page.text(".panel mark")).toMatch(
			/^When the KV cache is full.*queued again\.$/,
		);
		expect(
			await page.browser.evaluate(
				`document.querySelector(".source-link").href`,
			),
		).toBe("https://example.com/docs/scheduler");
		await page.browser.press("Escape");
		expect(
			await page.browser.evaluate(`document.getElementById("panel").hidden`),
		).toBe(true);
		expect(
			await page.browser.evaluate(`document.activeElement.className`),
		).toBe("chip");
		expect(page.browser.problems).toEqual([]);
	});

	test.each([
		[
			"list",
			"A long prompt is read in **chunks**, so that others go on.",
			"A long prompt is read in chunks, so that others go on.",
		],
		["table", "| `maxSequences` | 16 |", "maxSequences16"],
		["program", "galley run starter-chat", "galley run starter-chat"],
	])("a passage inside a %s is marked there", async (_, cited, read) => {
		page.api.answer.citations = [citationOf(1, cited)];
		await page.browser.visit(page.api.url);
		await page.ask("Long prompts?");
		await page.answered();
		await page.browser.click(".answer .chip");
		await page.browser.until(`document.querySelector(".panel mark")`);
		const marked = await page.browser.evaluate<string>(
			`[...document.querySelectorAll(".panel mark")].map((mark) => mark.textContent).join("")`,
		);
		expect(marked.replaceAll("\n", "")).toBe(read);
	});

	test("the second question goes on with the conversation; the list opens it again", async () => {
		await page.browser.visit(page.api.url);
		await page.ask("First?");
		await page.answered();
		await page.ask("Second?");
		await page.browser.until(
			`document.querySelectorAll(".answer .answer-tools").length === 2`,
		);
		const bodies = page.api.bodies("POST", "/v1/chat/completions");
		expect(bodies.map(({ conversation }) => conversation)).toEqual([
			"talk-0",
			"talk-0",
		]);
		(page.api.conversations[0] as { messages: object[] }).messages = [
			{ id: "m1", role: "user", content: "Stored question" },
			{
				id: "m2",
				role: "assistant",
				content: "Stored answer",
				citations: [],
				stages: [],
				kind: "extractive",
				rating: 1,
			},
		];
		await page.browser.click(".new-chat");
		await page.browser.until(`document.querySelector(".welcome")`);
		await page.browser.click(".conversations a");
		await page.browser.until(`document.querySelector(".answer .answer-tools")`);
		expect(await page.text(".thread")).toMatch(
			/Stored question[\s\S]*Stored answer[\s\S]*Quoted from the pages/,
		);
		expect(await page.count(`.rating [aria-pressed="true"]`)).toBe(1);
	});

	test("a source that is nowhere on the web opens without a link", async () => {
		page.api.answer = {
			...page.api.answer,
			citations: sampleCitations.map((citation) => ({
				...citation,
				url: null,
			})),
		};
		await page.browser.visit(page.api.url);
		await page.ask("From a file?");
		await page.answered();
		await page.browser.click(".answer .chip");
		await page.browser.until(`document.querySelector(".panel mark")`);
		expect(await page.count(".panel .source-link")).toBe(0);
		expect(await page.text(".panel")).not.toMatch(/null|undefined/);
	});

	test("stop closes the stream and keeps what was said", async () => {
		page.api.answer = {
			...page.api.answer,
			text: "word ".repeat(2000),
			pauseMs: 20,
		};
		await page.browser.visit(page.api.url);
		await page.ask("Talk");
		await page.browser.until(
			`document.querySelector(".answer .prose").innerText.includes("word")`,
		);
		await page.browser.click(`.composer [aria-label="Stop"]`);
		await page.answered();
		expect(await page.text(".answer-foot")).toContain("Stopped.");
		await page.browser.until("true");
		await expect.poll(() => page.api.leftEarly).toBe(1);
	});

	test("an answer that breaks off says why and can be asked again", async () => {
		page.api.answer = {
			...page.api.answer,
			text: "Half an",
			breaksWith: "The language model has gone.",
		};
		await page.browser.visit(page.api.url);
		await page.ask("Why?");
		await page.browser.until(`document.querySelector(".answer .failure")`);
		expect(await page.text(".answer .failure")).toContain(
			"The language model has gone.",
		);
		delete page.api.answer.breaksWith;
		await page.browser.click(".answer .failure button");
		await page.browser.until(
			`!document.querySelector(".answer .failure") && document.querySelector(".answer-tools")`,
		);
		expect(await page.count(".question")).toBe(1);
	});

	test("while the first pages are read the page says so, shows how far, and offers to ask again", async () => {
		const [collection] = page.api.collections;
		if (collection === undefined) throw new Error("No collection to read.");
		const read = (documents: number, reading: typeof collection.reading) => {
			page.api.collections = [{ ...collection, documents, reading }];
		};
		read(0, { pages: 12, done: 0 });
		page.api.answer = {
			...page.api.answer,
			text: "I don't know yet.",
			citations: [],
			reading: [
				{ collectionId: "docs", name: "galley-docs", pages: 12, done: 3 },
			],
		};
		await page.browser.visit(page.api.url);
		await page.browser.until(
			`document.querySelector(".reading-notice").innerText === "Still reading galley-docs (0 of 12 pages)"`,
		);
		expect(await page.text(".thread")).toContain("Reading the first pages");
		read(4, { pages: 12, done: 4 });
		await page.browser.until(`document.querySelector(".welcome")`);
		await page.ask("Is it read?");
		await page.answered();
		expect(await page.text(".not-yet")).toContain(
			"Still reading galley-docs (3 of 12 pages)",
		);
		page.api.answer = { ...page.api.answer, text: "Now it is.", reading: [] };
		await page.browser.click(".not-yet button");
		await page.browser.until(
			`document.querySelector(".answer").innerText.includes("Now it is.")`,
		);
		expect(await page.count(".question")).toBe(1);
		expect(await page.count(".not-yet")).toBe(0);
		read(12, null);
		await page.browser.until(
			`document.querySelector(".reading-notice").hidden`,
		);
	});

	test("thumbs are sent, and taken back", async () => {
		await page.browser.visit(page.api.url);
		await page.ask("Good?");
		await page.answered();
		await page.browser.click(`[aria-label="Good answer"]`);
		await page.browser.until(
			`document.querySelector('[aria-label="Good answer"]').ariaPressed === "true"`,
		);
		await page.browser.click(`[aria-label="Good answer"]`);
		const path = "/v1/messages/message-1/feedback";
		await expect
			.poll(() => page.api.bodies("PUT", path))
			.toEqual([{ rating: 1 }, { rating: null }]);
	});
});
