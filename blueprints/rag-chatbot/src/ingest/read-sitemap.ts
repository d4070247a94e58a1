import { gunzipSync } from "node:zlib";
import { XMLParser } from "fast-xml-parser";
import { PageError } from "./page-error.ts";

export interface Sitemap {
	pages: readonly { url: string; lastModified: string | null }[];
	/** Further sitemaps, of an index. */
	sitemaps: readonly string[];
}

const mostEntries = 50_000;
const mostBytes = 50_000_000;
/** Entities stay as they are but for XML's own five: nothing is read from elsewhere, nothing expands. */
const parser = new XMLParser({
	ignoreAttributes: true,
	processEntities: true,
	isArray: (name) => name === "url" || name === "sitemap",
});

/** A sitemap or a sitemap index (https://www.sitemaps.org/protocol.html), also packed, or a list of addresses, one a line. */
export function readSitemap(body: Uint8Array): Sitemap {
	const text = unpack(body);
	if (!text.trimStart().startsWith("<")) return fromLines(text);
	if (/<!DOCTYPE|<!ENTITY/i.test(text.slice(0, 4096)))
		throw new PageError("unreadable", "A sitemap has no document type.");
	let root: Record<string, unknown>;
	try {
		root = parser.parse(text) as Record<string, unknown>;
	} catch (cause) {
		throw new PageError("unreadable", "The sitemap is not well-formed XML.", {
			cause,
		});
	}
	if (!("urlset" in root) && !("sitemapindex" in root))
		throw new PageError(
			"unreadable",
			"This is not a sitemap: it has neither a urlset nor a sitemapindex.",
		);
	const pages = entries(root.urlset, "url");
	const sitemaps = entries(root.sitemapindex, "sitemap");
	return {
		pages: pages.map(({ loc, lastmod }) => ({
			url: loc,
			lastModified: lastmod,
		})),
		sitemaps: sitemaps.map(({ loc }) => loc),
	};
}

function unpack(body: Uint8Array): string {
	const isPacked = body[0] === 0x1f && body[1] === 0x8b;
	if (!isPacked) return new TextDecoder().decode(body);
	try {
		return gunzipSync(body, { maxOutputLength: mostBytes }).toString();
	} catch (cause) {
		throw new PageError("unreadable", "The packed sitemap can't be unpacked.", {
			cause,
		});
	}
}

function fromLines(text: string): Sitemap {
	const pages = text
		.split("\n", mostEntries)
		.map((line) => line.trim())
		.filter((line) => /^https?:\/\//.test(line))
		.map((url) => ({ url, lastModified: null }));
	return { pages, sitemaps: [] };
}

function entries(
	list: unknown,
	name: string,
): { loc: string; lastmod: string | null }[] {
	const found = (list as Record<string, unknown> | undefined)?.[name];
	if (!Array.isArray(found)) return [];
	return found.slice(0, mostEntries).flatMap((entry: unknown) => {
		const { loc, lastmod } = (entry ?? {}) as Record<string, unknown>;
		if (typeof loc !== "string") return [];
		return [
			{
				loc: loc.trim(),
				lastmod: typeof lastmod === "string" ? lastmod : null,
			},
		];
	});
}
