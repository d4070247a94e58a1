/** What a model wrote, made fit to be drawn. The text itself is kept as it came. */

// ANSI escapes: CSI sequences, OSC strings up to their end, and the two-character ones.
const escapes =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
	/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

// Control characters beside tab and line end, and those that turn the direction of writing around.
const controls = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Without colours for terminals, and without characters that show nothing or show text otherwise than it is. */
export function withoutControls(text: string): string {
	return text
		.replace(escapes, "")
		.replaceAll("\r\n", "\n")
		.replace(controls, "");
}

const mostRows = 100;
const longestMarkdown = 60_000;
const deepestNesting = 20;

interface Drawable {
	/** As Markdown, or as it is where Markdown would take too long. */
	kind: "markdown" | "plain";
	text: string;
	/** Rows of tables that are not drawn. */
	hiddenRows: number;
}

/** A bound on what one answer may cost to draw: it is drawn again with each token. */
export function toDrawable(raw: string): Drawable {
	const text = withoutControls(raw);
	if (text.length > longestMarkdown || isNested(text))
		return { kind: "plain", text, hiddenRows: 0 };
	return { kind: "markdown", ...clipTables(text) };
}

/** Quotes in quotes and lists in lists, deeper than anybody means them. */
function isNested(text: string): boolean {
	const deep = new RegExp(
		String.raw`^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){${deepestNesting},}`,
		"m",
	);
	const brackets = /[[\]]{40}|[*_~]{200}|`{200}/;
	return deep.test(text.replace(/^[-*_ \t]+$/gm, "")) || brackets.test(text);
}

function clipTables(text: string): { text: string; hiddenRows: number } {
	const kept: string[] = [];
	let rows = 0;
	let hiddenRows = 0;
	let isCode = false;
	for (const line of text.split("\n")) {
		if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
		rows = !isCode && /^\s*\|/.test(line) ? rows + 1 : 0;
		if (rows > mostRows + 2) hiddenRows++;
		else kept.push(line);
	}
	return { text: kept.join("\n"), hiddenRows };
}

/** Where a link may lead; null for anywhere else, `javascript:` and `data:` among it. */
export function safeLink(url: string | undefined): string | null {
	if (url === undefined) return null;
	const address = url.trim();
	if (/^(?:https?:\/\/|mailto:)\S+$/i.test(address)) return address;
	return null;
}
