import { describe, expect, test } from "vitest";
import { findBrowser } from "../testing/browser.ts";
import { citationOf } from "../testing/mock-samples.ts";
import { usePage } from "../testing/use-page.ts";

describe.skipIf(findBrowser() === null)(
	"text of strangers, in a browser",
	() => {
		const page = usePage();

		test("what a model or a page says can't run, load or pose as the page", async () => {
			page.api.answer.text = [
				"<script>window.hit = 1</script><img src=x onerror='window.hit = 2'>",
				"<svg onload='window.hit = 3'></svg><iframe srcdoc='<script>parent.hit = 4</script>'></iframe>",
				"[go](javascript:window.hit=5) [data](data:text/html,<script>hit=6</script>) ![pixel](https://tracker.example/p.png)",
				"<div id='main' class='sidebar' style='position:fixed;inset:0'>posing</div><form action='/v1/collections'><input name=x></form>",
				"<a href='  javascript:window.hit=8'>x</a> <a href='#/settings'>in</a> [ok](https://example.com/)",
				"<math><mtext></table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=window.hit=7&gt;'>",
			].join("\n\n");
			page.api.answer.citations = [
				{
					...citationOf(1, "Nobody's request fails."),
					title: "<img src=x onerror='window.hit=9'>",
					url: "javascript:window.hit=10",
				},
			];
			// First: one of the attacks swallows what follows it.
			page.api.answer.text = `Says so [1]\n\n${page.api.answer.text}`;
			await page.browser.visit(page.api.url);
			await page.ask("Attack");
			await page.answered();
			await page.browser.evaluate(
				`document.querySelectorAll(".answer .prose a").forEach((link) => { link.removeAttribute("target"); if (!link.href.startsWith("https:")) link.click(); })`,
			);
			await page.browser.click(".answer .chip");
			await page.browser.until(`document.querySelector(".panel .block")`);
			expect(await page.browser.evaluate("window.hit ?? null")).toBe(null);
			expect(
				await page.count(
					".prose :is(script, img, svg, iframe, form, input, style, math, [class=sidebar], [style], [id]), .source-link",
				),
			).toBe(await page.count(".prose button svg"));
			const links = await page.browser.evaluate<string[]>(
				`[...document.querySelectorAll(".answer .prose a[href]")].map((link) => link.href)`,
			);
			expect(links).toEqual(["https://example.com/"]);
			expect(
				page.browser.requests.filter(
					(address) => !address.startsWith(page.api.url),
				),
			).toEqual([]);
		});

		test("a table of thousands of cells and quotes without end leave the page usable", async () => {
			const row = `|${" cell |".repeat(40)}\n`;
			const table = `${row}|${" - |".repeat(40)}\n${row.repeat(400)}`;
			page.api.answer.text = `${table}\n\n${"> ".repeat(8000)}deep\n\n${"[".repeat(5000)}`;
			await page.browser.visit(page.api.url);
			await page.ask("Table");
			await page.browser.until(
				`document.querySelector(".answer .answer-tools")`,
				25_000,
			);
			const { whole, thread } = await page.browser.evaluate<{
				whole: number;
				thread: number;
			}>(
				`({ whole: document.documentElement.scrollWidth, thread: document.querySelector(".thread").scrollWidth })`,
			);
			expect(whole).toBe(1280);
			expect(thread).toBeLessThan(800);
		}, 40_000);
	},
);
