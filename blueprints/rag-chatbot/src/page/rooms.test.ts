import { describe, expect, test } from "vitest";
import { findBrowser } from "../testing/browser.ts";
import { usePage } from "../testing/use-page.ts";

describe.skipIf(findBrowser() === null)("the other rooms, in a browser", () => {
	const page = usePage();

	test("a job shows each page, and why some failed", async () => {
		page.api.pages = [
			{
				source: "https://example.com/docs/",
				state: "stored",
				title: "Start",
				chunks: 4,
				problem: null,
			},
			{
				source: "https://example.com/docs/old",
				state: "failed",
				title: null,
				chunks: 0,
				problem: { code: "http_status", message: "It answered 500." },
			},
		];
		page.api.pagePauseMs = 100;
		await page.browser.visit(`${page.api.url}/#/collections/docs`);
		await page.browser.click(`.segments [value="crawl"]`);
		await page.browser.click(`[data-kind="crawl"] textarea`);
		await page.browser.type("example.com/docs/");
		await page.browser.click(".ingest > .primary");
		await page.browser.until(`document.querySelector(".job .badge.finished")`);
		expect(page.api.bodies("POST", "/v1/collections/docs/ingest")).toEqual([
			{
				crawl: {
					urls: ["https://example.com/docs/"],
					maxDepth: 3,
					maxPages: 100,
				},
			},
		]);
		expect(await page.text(".job .counts")).toContain(
			"2 of 2 pages · 1 stored · 1 failed · 4 passages",
		);
		expect(await page.text(".job .pages")).toMatch(
			/Start[\s\S]*failed[\s\S]*It answered 500\./,
		);
	});

	test("a wrong address is named before anything is sent; pasted text is sent", async () => {
		await page.browser.visit(`${page.api.url}/#/collections/docs`);
		await page.browser.click(`[data-kind="urls"] textarea`);
		await page.browser.type("ftp://example.com/file");
		await page.browser.click(".ingest > .primary");
		await page.browser.until(
			`document.querySelector(".ingest > .failure:not([hidden])")`,
		);
		expect(await page.text(".ingest > .failure")).toBe(
			"“ftp://example.com/file” is not a web address.",
		);
		await page.browser.click(`.segments [value="text"]`);
		await page.browser.click(`[data-kind="text"] input`);
		await page.browser.type("Note");
		await page.browser.click(`[data-kind="text"] textarea`);
		await page.browser.type("The words.");
		await page.browser.click(".ingest > .primary");
		await expect
			.poll(() => page.api.bodies("POST", "/v1/collections/docs/ingest"))
			.toEqual([{ title: "Note", text: "The words." }]);
	});

	test("a document is deleted once that is confirmed", async () => {
		await page.browser.visit(`${page.api.url}/#/collections/docs`);
		await page.browser.click(".documents .icon-button");
		await page.browser.click("dialog .danger");
		await page.browser.until(
			`document.querySelectorAll(".documents li").length === 0`,
		);
		expect(page.api.documents).toEqual([]);
	});

	test("a changed setting goes with the next question; the server's stays unsaid", async () => {
		await page.browser.visit(`${page.api.url}/#/settings`);
		await page.browser.click(`input[role="switch"]`);
		await page.browser.until(`document.querySelector(".badge.unreachable")`);
		await page.browser.evaluate(`location.hash = "#/chat"`);
		await page.ask("Without reranking?");
		await page.answered();
		expect(
			page.api.bodies("POST", "/v1/chat/completions")[0]?.settings,
		).toEqual({
			rerank: false,
		});
	});

	test("a server with keys is asked again once a key is given", async () => {
		page.api.key = "let-me-in";
		await page.browser.visit(`${page.api.url}/#/collections`);
		await page.browser.until(`document.querySelector("dialog input")`);
		await page.browser.type("let-me-in");
		await page.browser.press("Enter");
		await page.browser.until(`document.querySelector(".cards .card")`);
	});

	test("a server that can't be reached is said so, with a way to try again", async () => {
		await page.browser.visit(`${page.api.url}/#/collections`);
		await page.browser.until(`document.querySelector(".cards .card")`);
		await page.browser.evaluate(
			`window.fetch = ((real) => (...given) => window.isDown ? Promise.reject(new TypeError("down")) : real(...given))(fetch); window.isDown = true; location.hash = "#/settings"`,
		);
		await page.browser.until(`document.querySelector(".room .state.failure")`);
		expect(await page.text(".room")).toContain("can't be reached");
		await page.browser.evaluate("window.isDown = false");
		await page.browser.click(".room .state.failure button");
		await page.browser.until(`document.querySelector(".services")`);
	});

	test("the explorer compares texts and opens a point by the keyboard", async () => {
		await page.browser.visit(`${page.api.url}/#/explorer`);
		await page.browser.until(`document.querySelector("canvas.map")`);
		await page.browser.click("form .primary");
		await page.browser.until(
			`document.querySelectorAll(".matrix tbody td").length === 16`,
		);
		await page.browser.until(`document.querySelector("canvas.map")`);
		await page.browser.evaluate(`document.querySelector("canvas.map").focus()`);
		await page.browser.press("ArrowRight");
		expect(await page.text(".map-note")).toMatch(/^Document \d$/);
		await page.browser.press("Enter");
		await page.browser.until(`!document.getElementById("panel").hidden`);
		expect(page.browser.problems).toEqual([]);
	});

	test("every control has a name, and nothing is wider than a phone", async () => {
		await page.browser.setScreen({ width: 390, height: 844, scheme: "dark" });
		for (const room of [
			"chat",
			"collections",
			"collections/docs",
			"explorer",
			"settings",
		]) {
			await page.browser.visit(`${page.api.url}/#/${room}`);
			await page.browser.until(
				`document.querySelector(".main :is(.card, .welcome)") && !document.querySelector(".main .spinner")`,
			);
			const nameless = await page.browser.evaluate<string[]>(
				`[...document.querySelectorAll("button, a, input, select, textarea")]
					.filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length))
					.map((node) => node.outerHTML)`,
			);
			expect(nameless).toEqual([]);
			const width = await page.browser.evaluate<number>(
				`Math.max(document.documentElement.scrollWidth, document.querySelector(".main").scrollWidth)`,
			);
			expect(`${room} ${width}`).toBe(`${room} 390`);
		}
		await page.browser.click("#menu");
		await page.browser.until(`document.querySelector(".sidebar.is-open")`);
		await page.browser.press("Escape");
		expect(await page.count(".sidebar.is-open")).toBe(0);
	});
});
