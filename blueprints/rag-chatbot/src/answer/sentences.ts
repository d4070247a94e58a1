/** A sentence and its place in the text that it was cut from. */
export interface Sentence {
	text: string;
	start: number;
	end: number;
}

const shortest = 12;

/** Sentences, list items and table rows of a Markdown text, without headings and code. */
export function readSentences(markdown: string): Sentence[] {
	const sentences: Sentence[] = [];
	let isCode = false;
	let at = 0;
	for (const line of markdown.split("\n")) {
		const start = at;
		at += line.length + 1;
		if (/^\s*(```|~~~)/.test(line)) {
			isCode = !isCode;
			continue;
		}
		if (isCode || /^\s*(#{1,6}\s|\|?[\s:|-]+$)/.test(line)) continue;
		const lead = /^\s*(?:[-*+>]\s+|\d+[.)]\s+)*/.exec(line)?.[0].length ?? 0;
		for (const { segment, index } of segmenter().segment(line.slice(lead))) {
			const text = segment.trim();
			const from = start + lead + index + segment.indexOf(text);
			if (text.length >= shortest)
				sentences.push({ text, start: from, end: from + text.length });
		}
	}
	return sentences;
}

function segmenter(): Intl.Segmenter {
	return new Intl.Segmenter(undefined, { granularity: "sentence" });
}

/** Marks that are for the eye: links keep their words, emphasis and code their content. */
export function plainText(markdown: string): string {
	return markdown
		.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
		.replace(/(\*\*|__|`)(.+?)\1/g, "$2")
		.replace(/\s*\|\s*/g, " ")
		.trim();
}
