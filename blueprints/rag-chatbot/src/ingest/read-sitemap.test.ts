import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readSitemap } from "./read-sitemap.ts";

const sitemap = `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc> https://site.example/a?x=1&amp;y=2 </loc><lastmod>2026-11-01</lastmod></url>
<url><loc>https://site.example/b</loc></url><url><priority>1</priority></url></urlset>`;

describe("a sitemap", () => {
	test("lists pages with their dates", () => {
		expect(readSitemap(Buffer.from(sitemap))).toEqual({
			pages: [
				{
					url: "https://site.example/a?x=1&y=2",
					lastModified: "2026-11-01",
				},
				{ url: "https://site.example/b", lastModified: null },
			],
			sitemaps: [],
		});
	});

	test("may be packed, an index, or a list", () => {
		expect(readSitemap(gzipSync(sitemap)).pages.length).toBe(2);
		const index =
			"<sitemapindex><sitemap><loc>https://site.example/1.xml</loc></sitemap></sitemapindex>";
		expect(readSitemap(Buffer.from(index)).sitemaps).toEqual([
			"https://site.example/1.xml",
		]);
		const list = "https://site.example/a\nnot one\nhttps://site.example/b\n";
		expect(readSitemap(Buffer.from(list)).pages.length).toBe(2);
	});

	test("that is broken, a bomb or a trick is refused", () => {
		const tricks = [
			"<html><p>Not here</p></html>",
			`<!DOCTYPE a [<!ENTITY b "${"c".repeat(10)}">]><urlset></urlset>`,
		];
		for (const trick of tricks)
			expect(() => readSitemap(Buffer.from(trick))).toThrow(/sitemap/i);
		const bomb = gzipSync(Buffer.alloc(60_000_000, " "));
		expect(() => readSitemap(bomb)).toThrow(/unpacked/);
	});
});
