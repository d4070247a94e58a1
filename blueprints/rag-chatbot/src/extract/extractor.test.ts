import { afterAll, describe, expect, test } from "vitest";
import { smallPdf } from "../testing/small-pdf.ts";
import { article } from "../testing/trap-site.ts";
import { type RawDocument, typeOfFile } from "./document.ts";
import { Extractor } from "./extractor.ts";

const extractor = new Extractor();
afterAll(() => extractor.close());

function html(text: string, more: Partial<RawDocument> = {}): RawDocument {
	return {
		body: Buffer.from(text),
		contentType: "text/html",
		charset: null,
		source: "https://site.example/docs/page",
		...more,
	};
}

const paragraphs = `<p>${"The gateway routes requests by the model's name. ".repeat(8)}</p>
<h2>Limits</h2><p>${"A key may have limits of requests and tokens a minute. ".repeat(8)}</p>
<table><tr><th>name</th><th>meaning</th></tr><tr><td>rpm</td><td>requests a minute</td></tr></table>
<ul><li>Requests are counted at their arrival.</li><li>Tokens are counted when an answer has ended.</li></ul><pre><code class="language-sh">galley keys create</code></pre>`;

describe("a web page", () => {
	test("becomes its article's Markdown: headings, tables, lists and code, no navigation", async () => {
		const { title, markdown, language } = await extractor.extract(
			html(article("The gateway", paragraphs)),
		);
		expect(title).toBe("The gateway");
		expect(language).toBe("en");
		expect(markdown).toContain("## Limits");
		expect(markdown).toContain("| rpm | requests a minute |");
		expect(markdown).toMatch(/- Requests are .*\n- Tokens are /);
		expect(markdown).toMatch(/```sh\ngalley keys create\n```/);
		expect(markdown).not.toContain("Imprint");
	});

	test("tells where it links, as absolute addresses, without what asks not to be followed", async () => {
		const links = `<a href="other#x">a</a><a href="/top">b</a><a href="https://x.example/">c</a>
<a href="javascript:alert(1)">d</a><a rel="nofollow" href="/no">e</a><a href="http://[">f</a>`;
		const document = await extractor.extract(
			html(article("Links", paragraphs, links)),
		);
		expect(document.links).toEqual([
			"https://site.example/",
			"https://site.example/docs/other",
			"https://site.example/top",
			"https://x.example/",
		]);
	});

	test("may ask not to be kept", async () => {
		const page = article("Private", paragraphs).replace(
			"<head>",
			'<head><meta name="ROBOTS" content="NoIndex, follow">',
		);
		const { robots } = await extractor.extract(html(page));
		expect(robots).toEqual({ noindex: true, nofollow: false });
	});

	test.each([
		["what the server says", "iso-8859-1", "<p>Caf\xe9</p>", "latin1"],
		[
			"what the page says",
			null,
			'<meta charset="windows-1252"><p>Caf\xe9</p>',
			"latin1",
		],
		["nothing, and it is UTF-8", null, "<p>Café</p>", "utf8"],
		["nothing, and it is not", null, "<p>Caf\xe9</p>", "latin1"],
		["a charset that nobody knows", "klingon", "<p>Café</p>", "utf8"],
	] as const)("is decoded by %s", async (_, charset, text, encoding) => {
		const { markdown } = await extractor.extract(
			html("", { body: Buffer.from(text, encoding), charset }),
		);
		expect(markdown).toBe("Café");
	});

	test("without words is refused", async () => {
		await expect(
			extractor.extract(html("<html><script>1</script></html>")),
		).rejects.toMatchObject({ code: "empty" });
	});
});

describe("other documents", () => {
	test("a PDF has a heading for each page, for citations", async () => {
		const { title, markdown } = await extractor.extract({
			body: smallPdf("Manual", ["First page.", "Second page."]),
			contentType: "application/pdf",
			charset: null,
			source: "manual.pdf",
		});
		expect(title).toBe("Manual");
		expect(markdown).toBe(
			"## Page 1\n\nFirst page.\n\n## Page 2\n\nSecond page.",
		);
	});

	test("a broken PDF is unreadable, and the next document is read all the same", async () => {
		const broken = extractor.extract({
			body: Buffer.from("%PDF-1.4 nothing"),
			contentType: "application/pdf",
			charset: null,
			source: "broken.pdf",
		});
		await expect(broken).rejects.toMatchObject({ code: "unreadable" });
		const next = await extractor.extract(html("<p>Still here</p>"));
		expect(next.markdown).toBe("Still here");
	});

	test("Markdown stays as it is, lines of plain text are no headings", async () => {
		const read = async (contentType: string) =>
			extractor.extract(html("# One\n\ntwo", { contentType, source: "a" }));
		expect(await read("text/markdown")).toMatchObject({
			title: "One",
			markdown: "# One\n\ntwo",
		});
		expect((await read("text/plain")).markdown).toBe("\\# One\n\ntwo");
	});

	test("types of files by their names", () => {
		expect(typeOfFile("Notes.MD")).toBe("text/markdown");
		expect(typeOfFile("a.pdf")).toBe("application/pdf");
		expect(typeOfFile("a.exe")).toBeNull();
		expect(typeOfFile("html")).toBeNull();
	});
});

test("a document that takes too long is given up, and the next one is read by a new thread", async () => {
	const hasty = new Extractor({ maxSeconds: 0.001 });
	await expect(
		hasty.extract(html(article("Long", paragraphs.repeat(50)))),
	).rejects.toThrow(/longer than/);
	await hasty.close();
	const patient = new Extractor({ maxSeconds: 3 });
	const deep = "<div>".repeat(200_000);
	await expect(patient.extract(html(deep))).rejects.toMatchObject({
		name: "PageError",
	});
	const next = await patient.extract(html("<p>Still here</p>"));
	expect(next.markdown).toBe("Still here");
	await patient.close();
});
