import { extractText, getDocumentProxy, getMeta } from "unpdf";
import type { ExtractedDocument, RawDocument } from "./document.ts";

const mostPages = 2000;

/** The text of a PDF, a heading before each page so that a citation can name it. */
export async function extractPdf({
	body,
	source,
}: RawDocument): Promise<ExtractedDocument> {
	// The library takes the bytes' buffer away.
	const pdf = await getDocumentProxy(Uint8Array.from(body), {
		isEvalSupported: false,
		disableFontFace: true,
	});
	try {
		if (pdf.numPages > mostPages)
			throw new Error(`It has ${pdf.numPages} pages; ${mostPages} are read.`);
		const { text } = await extractText(pdf, { mergePages: false });
		const { info } = await getMeta(pdf);
		const title = typeof info?.Title === "string" ? info.Title : "";
		return {
			title: title.trim() || source,
			markdown: text
				.map((page, index) => pageText(page, index + 1))
				.filter((page) => page !== "")
				.join("\n\n"),
			language: null,
			publishedAt: null,
			links: [],
			robots: { noindex: false, nofollow: false },
		};
	} finally {
		await pdf.destroy();
	}
}

function pageText(page: string, number: number): string {
	const words = page.replace(/(\p{L})-\n(\p{Ll})/gu, "$1$2").trim();
	return words === "" ? "" : `## Page ${number}\n\n${words}`;
}
