/** A sentence and its place in the text that it was cut from. */
export interface Sentence {
	text: string;
	start: number;
	end: number;
}

const shortest = 12;

/** Sentences of paragraphs, list items and table rows of a Markdown text, without headings and code. */
export function readSentences(markdown: string): Sentence[] {
	return readBlocks(markdown).flatMap(({ start, text }) => {
		const sentences: Sentence[] = [];
		for (const { segment, index } of segmenter().segment(text)) {
			const sentence = segment.trim();
			const from = start + index + segment.indexOf(sentence);
			if (sentence.length >= shortest)
				sentences.push({
					text: sentence,
					start: from,
					end: from + sentence.length,
				});
		}
		return sentences;
	});
}

interface Block {
	start: number;
	/** As long as in the document, line ends as spaces: a sentence may run over several lines. */
	text: string;
}

const listMark = /^\s*(?:[-*+>]\s+|\d+[.)]\s+)+/;

function readBlocks(markdown: string): Block[] {
	const blocks: Block[] = [];
	let open: Block | null = null;
	let isCode = false;
	let at = 0;
	for (const line of markdown.split("\n")) {
		const start = at;
		at += line.length + 1;
		const isFence = /^\s*(```|~~~)/.test(line);
		const isOther =
			isCode || /^\s*(#{1,6}\s|\|?[\s:|-]+$)/.test(line) || line.trim() === "";
		if (isFence) isCode = !isCode;
		if (isFence || isOther) {
			open = null;
			continue;
		}
		const mark = listMark.exec(line)?.[0].length ?? 0;
		const isRow = /^\s*\|/.test(line);
		if (open !== null && mark === 0 && !isRow) {
			open.text += ` ${line}`;
			continue;
		}
		const block = { start: start + mark, text: line.slice(mark) };
		blocks.push(block);
		open = isRow ? null : block;
	}
	return blocks;
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
		.replace(/\s+/g, " ")
		.trim();
}
