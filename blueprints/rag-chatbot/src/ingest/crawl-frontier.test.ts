import { describe, expect, test } from "vitest";
import { CrawlFrontier, canonicalUrl } from "./crawl-frontier.ts";

const limits = { maxDepth: 2, maxPages: 100 };

function taken(frontier: CrawlFrontier): string[] {
	const urls: string[] = [];
	for (let next = frontier.next(); next !== null; next = frontier.next())
		urls.push(next.url);
	return urls;
}

describe("a crawl", () => {
	test("reads each page once, however it is linked", () => {
		const frontier = new CrawlFrontier(["https://site.example/"], limits);
		const start = frontier.next();
		if (start === null) throw new Error("nothing to begin with");
		frontier.found(start, [
			"https://site.example/a#top",
			"https://site.example/a",
			"https://site.example/a?utm_source=x",
			"https://site.example/b?y=2&x=1",
			"https://site.example/b?x=1&y=2",
			"https://site.example/",
		]);
		expect(taken(frontier)).toEqual([
			"https://site.example/a",
			"https://site.example/b?x=1&y=2",
		]);
	});

	test("stays on its hosts and below its folders", () => {
		const frontier = new CrawlFrontier(
			["https://site.example/docs/index.html"],
			limits,
		);
		const start = frontier.next();
		if (start === null) throw new Error("nothing to begin with");
		frontier.found(start, [
			"https://other.example/docs/a",
			"https://site.example/blog/a",
			"https://site.example/docs/a",
			"mailto:somebody@site.example",
		]);
		expect(taken(frontier)).toEqual(["https://site.example/docs/a"]);
	});

	test("follows links as deep as it may, and takes as many pages as it may", () => {
		const frontier = new CrawlFrontier(["https://site.example/0"], {
			maxDepth: 2,
			maxPages: 3,
		});
		const depths: number[] = [];
		for (let next = frontier.next(); next !== null; next = frontier.next()) {
			depths.push(next.depth);
			frontier.found(next, [`https://site.example/${next.depth + 1}`]);
		}
		expect(depths).toEqual([0, 1, 2]);
		expect(frontier.taken).toBe(3);
	});

	test("walks into no calendar and no endless folder", () => {
		const frontier = new CrawlFrontier(["https://site.example/"], limits);
		const start = frontier.next();
		if (start === null) throw new Error("nothing to begin with");
		frontier.found(start, [
			"https://site.example/a/a/a/a/a",
			`https://site.example/${"x".repeat(2000)}`,
		]);
		expect(taken(frontier)).toEqual([]);
	});

	test("remembers no more links than it may read pages", () => {
		const frontier = new CrawlFrontier(["https://site.example/"], {
			maxDepth: 5,
			maxPages: 10,
		});
		const start = frontier.next();
		if (start === null) throw new Error("nothing to begin with");
		frontier.found(
			start,
			Array.from({ length: 10_000 }, (_, i) => `https://site.example/${i}`),
		);
		expect(frontier.waiting).toBe(9);
		expect(taken(frontier).length).toBe(9);
	});

	test("a redirect to a page that was read is no second page", () => {
		const frontier = new CrawlFrontier(
			["https://site.example/a", "https://site.example/b"],
			limits,
		);
		const first = frontier.next();
		if (first === null) throw new Error("nothing to begin with");
		expect(frontier.landed(first, "https://site.example/a#x")).toBe(true);
		expect(frontier.landed(first, "https://site.example/b")).toBe(false);
		expect(frontier.landed(first, "https://site.example/c")).toBe(true);
		expect(frontier.landed(first, "https://site.example/c")).toBe(false);
	});
});

test("addresses of one page are one", () => {
	expect(canonicalUrl("HTTPS://Site.Example:443/a?b=2&a=1&gclid=9#c")).toBe(
		"https://site.example/a?a=1&b=2",
	);
});
