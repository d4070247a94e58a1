/** What is kept of a page or a file: its words as Markdown, in reading order. */
export interface ExtractedDocument {
	title: string;
	/** Headings, lists, tables and code keep their marks. */
	markdown: string;
	/** As a page states it, e.g. `en`; null where it doesn't. */
	language: string | null;
	/** When the page says that it was published; null where it doesn't. */
	publishedAt: string | null;
	/** Absolute addresses that the page links to. */
	links: readonly string[];
	/** The page asks not to be kept (`noindex`), or not to be followed (`nofollow`). */
	robots: { noindex: boolean; nofollow: boolean };
}

export interface RawDocument {
	body: Uint8Array;
	/** `text/html`, `application/pdf` ... */
	contentType: string;
	charset: string | null;
	/** Where it came from: links are resolved by it, and it is the title of last resort. */
	source: string;
}

/** Types that can be read. */
export const readableTypes: ReadonlySet<string> = new Set([
	"text/html",
	"application/xhtml+xml",
	"text/markdown",
	"text/x-markdown",
	"text/plain",
	"application/pdf",
]);

const typesByExtension: Record<string, string> = {
	html: "text/html",
	htm: "text/html",
	xhtml: "application/xhtml+xml",
	md: "text/markdown",
	markdown: "text/markdown",
	txt: "text/plain",
	text: "text/plain",
	pdf: "application/pdf",
};

/** The type of a file by its name; null for one that can't be read. */
export function typeOfFile(name: string): string | null {
	const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
	return typesByExtension[extension] ?? null;
}
