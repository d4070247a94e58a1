const codeSpan = /(?<![`\\])(`+)(?!`)([\s\S]*?[^`])\1(?!`)/;

/**
 * A piece of Markdown as one line that reads well as it is and as Markdown: marks of blocks and emphasis go, links keep
 * their words, cells of a table stand one behind the other, code stays code.
 */
export function quoteText(markdown: string): string {
	const lines = markdown.split("\n").flatMap((line) => {
		if (/^\s*\|?[\s:|-]+$/.test(line) || /^\s*(```|~~~)/.test(line)) return [];
		return [line.replace(blockMarks, "")];
	});
	const row = lines.every((line) => /^\s*\|/.test(line));
	const words = eachPart(lines.join(" "), (text) =>
		withoutMarks(row ? text.replace(/(?<!\\)\|/g, " · ") : text),
	);
	return words
		.replace(/\s+/g, " ")
		.replace(/^(?:[\s·>|*_~]|#{1,6}\s)+|[\s·|*_~]+$/g, "");
}

const blockMarks = /^\s*(?:[-*+>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)+/;

/** Code spans as they are, what is between them changed. A back-tick without a partner goes. */
function eachPart(text: string, change: (text: string) => string): string {
	const found = codeSpan.exec(text);
	if (found === null) return change(text).replace(/(?<!\\)`+/g, "");
	const before = text.slice(0, found.index);
	const after = text.slice(found.index + found[0].length);
	return `${change(before).replace(/(?<!\\)`+/g, "")}${found[0].replaceAll("\\|", "|")}${eachPart(after, change)}`;
}

function withoutMarks(text: string): string {
	return text
		.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
		.replace(/\[([^\]]+)\]\[[^\]]*\]/g, "$1")
		.replace(
			/<\/?(?:b|i|em|strong|kbd|sub|sup|span|p|br|a|img|u|s)\b[^>]*>/gi,
			" ",
		)
		.replace(/(?<!\\)(?:\*{2,}|~~)/g, "")
		.replace(emphasis("_"), "$1")
		.replace(emphasis("\\*"), "$1")
		.replace(/\\([\\`*_{}[\]()#+.!|>~-])/g, "$1")
		.replace(/\\([\\`*_{}[\]()#+.!|>~-])/g, "$1");
}

/** What one mark on either side emphasises. Within a word it is part of it: kv_cache, 2*3. */
function emphasis(mark: string): RegExp {
	return new RegExp(
		`(?<![\\\\\\p{L}\\p{N}${mark}])${mark}{1,3}(?=\\S)([^${mark}]*\\S)${mark}{1,3}(?![\\p{L}\\p{N}${mark}])`,
		"gu",
	);
}
