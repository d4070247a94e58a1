import {
	createRandomSource,
	type RandomSource,
} from "../../src/benchmark/random-source.ts";

/** Sentences of a text, without lists and headings. */
export function readSentences(text: string): string[] {
	return text
		.split("\n")
		.filter((line) => /^[A-Z"]/.test(line))
		.flatMap((line) => line.split(/(?<=[.!?]"?) +/))
		.filter((sentence) => sentence.length > 20);
}

const syllables =
	"ka ro vel mun dar sil tho ben quo rya lim zet hal gor pim nas wey tur osk jun".split(
		" ",
	);

/** Three names that no other page has. */
export function pageNames(number: number): [string, string, string] {
	const name = (index: number): string => {
		let rest = number * 3 + index;
		let letters = "";
		for (let count = 0; count < 4; count++) {
			letters += syllables[rest % syllables.length] as string;
			rest = Math.floor(rest / syllables.length);
		}
		return letters[0]?.toUpperCase() + letters.slice(1);
	};
	return [name(0), name(1), name(2)];
}

/**
 * Page `number` of a site as they are: an article of 2,000 to 6,000 characters (headings, paragraphs, a list, a table, a
 * block of code) within navigation, a side column, scripts, styles and a footer. The same for the same number.
 */
export function sitePage(
	number: number,
	pages: number,
	sentences: readonly string[],
): string {
	const random = createRandomSource(number + 1);
	const length = random.between(2000, 6000);
	const names = pageNames(number);
	const title = `${names[0]}: ${titleOf(random, sentences)}`;
	/** A third of the sentences speak of what only this page speaks of. */
	const paragraph = () =>
		some(random, sentences, 3, 6)
			.map((sentence) =>
				random.between(0, 2) === 0
					? `In ${names[random.between(0, names.length - 1)]} it was so: ${sentence}`
					: sentence,
			)
			.join(" ");
	const parts: string[] = [];
	let written = 0;
	const add = (tag: string, text: string) => {
		parts.push(`<${tag}>${escapeText(text)}</${tag}>`);
		written += text.length;
	};
	while (written < length) {
		add("h2", titleOf(random, sentences));
		const paragraphs = random.between(2, 4);
		for (let index = 0; index < paragraphs; index++) add("p", paragraph());
		const extra = random.between(0, 3);
		if (extra === 0) {
			const items = some(random, sentences, 3, 5);
			parts.push(
				`<ul>${items.map((item) => `<li>${escapeText(item)}</li>`).join("")}</ul>`,
			);
			written += items.join("").length;
		} else if (extra === 1) {
			const rows = some(random, sentences, 2, 4).map(
				(cell, row) => `<tr><td>${row}</td><td>${escapeText(cell)}</td></tr>`,
			);
			parts.push(
				`<table><thead><tr><th>No.</th><th>What</th></tr></thead><tbody>${rows.join("")}</tbody></table>`,
			);
			written += rows.join("").length - rows.length * 40;
		} else if (extra === 2)
			parts.push(
				`<pre><code>const page = await read(${number}, { step: ${random.between(1, 99)} });\nreturn page.rows.filter((row) => row.isWanted);</code></pre>`,
			);
	}
	const links = Array.from(
		{ length: 24 },
		() =>
			`<li><a href="/page/${random.between(0, pages - 1)}">${escapeText(titleOf(random, sentences))}</a></li>`,
	);
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeText(title)} - Test site</title>
<meta name="description" content="${escapeText(some(random, sentences, 1, 1).join(""))}">
<link rel="stylesheet" href="/style.css">
<style>body { margin: 0 auto; max-width: 60rem } nav li { display: inline } aside { float: right; width: 14rem }</style>
<script>window.dataLayer = window.dataLayer || []; function track(name) { window.dataLayer.push({ name, at: Date.now() }); }</script>
</head>
<body>
<header><a href="/">Test site</a><nav><ul>${links.slice(0, 12).join("")}</ul></nav></header>
<main><article><h1>${escapeText(title)}</h1>
${parts.join("\n")}
</article></main>
<aside><h3>More to read</h3><ul>${links.slice(12).join("")}</ul></aside>
<footer><p>All texts are made up. <a href="/imprint">Imprint</a> <a href="/privacy">Privacy</a></p></footer>
<script>track("page-${number}");</script>
</body>
</html>
`;
}

function some(
	random: RandomSource,
	sentences: readonly string[],
	least: number,
	most: number,
): string[] {
	return Array.from(
		{ length: random.between(least, most) },
		() => sentences[random.between(0, sentences.length - 1)] as string,
	);
}

function titleOf(random: RandomSource, sentences: readonly string[]): string {
	const [sentence = ""] = some(random, sentences, 1, 1);
	return sentence.split(" ").slice(0, 6).join(" ").replace(/\W+$/, "");
}

function escapeText(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}
