import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pageNames, readSentences, sitePage } from "./site-page.ts";

const sentences = readSentences(
	readFileSync(
		new URL(
			"../../models/evaluation-text/evaluation-text.txt",
			import.meta.url,
		),
		"utf8",
	),
);

test("pages are the same each time, differ from each other, and hold the text that they say", () => {
	const pages = Array.from({ length: 20 }, (_, number) =>
		sitePage(number, 20, sentences),
	);
	expect(sitePage(3, 20, sentences)).toBe(pages[3]);
	expect(new Set(pages).size).toBe(20);
	for (const page of pages) {
		const article = /<article>(.*)<\/article>/s.exec(page)?.[1] ?? "";
		const text = article.replace(/<[^>]+>/g, "");
		expect(text.length).toBeGreaterThan(2000);
		expect(text.length).toBeLessThan(9000);
	}
});

test("no two pages have a name in common", () => {
	const names = Array.from({ length: 2000 }, (_, number) => pageNames(number));
	expect(new Set(names.flat()).size).toBe(6000);
});
