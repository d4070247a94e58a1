import { decodeText } from "./decode-text.ts";
import type { ExtractedDocument, RawDocument } from "./document.ts";
import { extractHtml } from "./extract-html.ts";
import { extractPdf } from "./extract-pdf.ts";

/** Reads a document of any readable type. Throws what its library throws for one that is broken. */
export async function extractDocument(
	raw: RawDocument,
): Promise<ExtractedDocument> {
	switch (raw.contentType) {
		case "text/html":
		case "application/xhtml+xml":
			return extractHtml(raw);
		case "application/pdf":
			return extractPdf(raw);
		case "text/markdown":
		case "text/x-markdown":
			return extractText(raw, (text) => text);
		case "text/plain":
			return extractText(raw, escapeMarkdown);
		default:
			throw new Error(`${raw.contentType} can't be read.`);
	}
}

function extractText(
	{ body, charset, source }: RawDocument,
	toMarkdown: (text: string) => string,
): ExtractedDocument {
	const text = decodeText(body, charset).replaceAll("\r\n", "\n").trim();
	if (text.includes("\0")) throw new Error("It is a binary file, not text.");
	const heading = /^#{1,6}\s+(.+?)\s*#*$/m.exec(text)?.[1];
	return {
		title: heading ?? source,
		markdown: toMarkdown(text),
		language: null,
		publishedAt: null,
		links: [],
		robots: { noindex: false, nofollow: false },
	};
}

/** Lines of a plain text that Markdown would take for headings or code are text. */
function escapeMarkdown(text: string): string {
	return text
		.replace(/^(#{1,6}\s|>|={3,}$|-{3,}$)/gm, "\\$1")
		.replace(/^(?: {4,}|\t+)(?=\S)/gm, "");
}
