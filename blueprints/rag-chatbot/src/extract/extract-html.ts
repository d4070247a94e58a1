import { Defuddle, type DefuddleOptions } from "defuddle/node";
import { parseHTML } from "linkedom";
import { decodeText } from "./decode-text.ts";
import type { ExtractedDocument, RawDocument } from "./document.ts";

const mostLinks = 5000;

const extraction: DefuddleOptions = {
	markdown: true,
	removeImages: true,
	// It would fetch from third parties by itself.
	useAsync: false,
	fetch: () => Promise.reject(new Error("Extraction fetches nothing.")),
};
const wholeBody: DefuddleOptions = {
	contentSelector: "body",
	removePartialSelectors: false,
	removeLowScoring: false,
	removeContentPatterns: false,
};

/** The readable part of a page, without navigation, advertisements and footers. */
export async function extractHtml({
	body,
	charset,
	source,
}: RawDocument): Promise<ExtractedDocument> {
	const html = withBody(decodeText(body, charset));
	const { document } = parseHTML(html);
	// The library changes the document, so whatever else is wanted of it is read first.
	const robots = readRobots(document);
	const links = readLinks(document, source);
	const heading = text(document.querySelector("h1"));
	let found = await Defuddle(document, source, extraction);
	if (found.content.trim() === "") {
		// Not an article: a short notice, a list of links. All of it is better than nothing.
		const { document: again } = parseHTML(html);
		found = await Defuddle(again, source, { ...extraction, ...wholeBody });
	}
	return {
		title: found.title || heading || source,
		markdown: found.content.trim(),
		language: found.language || null,
		publishedAt: found.published || null,
		links,
		robots,
	};
}

/** Tags that HTML lets a page leave out are not made up by the parser. */
function withBody(html: string): string {
	if (/<body[\s>]/i.test(html)) return html;
	const content = html.replace(
		/<!doctype[^>]*>|<\/?(?:html|head)\b[^>]*>/gi,
		"",
	);
	return `<!doctype html><html><head></head><body>${content}</body></html>`;
}

function readRobots(document: Document): ExtractedDocument["robots"] {
	const words = [...document.querySelectorAll('meta[name="robots" i]')]
		.flatMap((meta) => (meta.getAttribute("content") ?? "").split(","))
		.map((word) => word.trim().toLowerCase());
	const isNone = words.includes("none");
	return {
		noindex: isNone || words.includes("noindex"),
		nofollow: isNone || words.includes("nofollow"),
	};
}

function readLinks(document: Document, source: string): string[] {
	const base =
		document.querySelector("base[href]")?.getAttribute("href") ?? source;
	const links = new Set<string>();
	for (const anchor of document.querySelectorAll("a[href]")) {
		if (links.size >= mostLinks) break;
		const isUnwanted = /\bnofollow\b/i.test(anchor.getAttribute("rel") ?? "");
		const link = isUnwanted
			? null
			: absolute(anchor.getAttribute("href") ?? "", base, source);
		if (link !== null) links.add(link);
	}
	return [...links];
}

function absolute(href: string, base: string, source: string): string | null {
	try {
		const url = new URL(href, new URL(base, source));
		url.hash = "";
		return /^https?:$/.test(url.protocol) ? url.href : null;
	} catch {
		// Pages are full of links that are none.
		return null;
	}
}

function text(element: Element | null): string {
	return element?.textContent?.replace(/\s+/g, " ").trim() ?? "";
}
