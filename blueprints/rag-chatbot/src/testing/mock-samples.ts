import type {
	CitationShape,
	CollectionShape,
	DocumentShape,
	StageShape,
} from "../api/shapes.ts";

const paged =
	"When the KV cache is full, the youngest sequence is preempted: it keeps its tokens and is queued again.";
const shared = "Sequences that begin alike share their prefix.";

/** A document, and an answer from it. */
export const guide = {
	markdown: `# Scheduler

The scheduler decides what each step computes. It is *pure*: state in, decision out.

## When memory runs out

${paged} Nobody's request fails.

- ${shared}
- A long prompt is read in **chunks**, so that others go on.

| setting | default |
| --- | --- |
| \`stepTargetMs\` | 400 |
| \`maxSequences\` | 16 |

\`\`\`sh
galley run starter-chat
\`\`\`
`,
	answer: `The **youngest sequence is preempted**: it keeps its tokens and waits in the queue again, so no request fails [1].

- Sequences that begin alike share a prefix [2]
- Long prompts are read in chunks

\`\`\`sh
galley run starter-chat
\`\`\``,
};

export const sampleCollection: CollectionShape = {
	id: "docs",
	name: "galley-docs",
	description: "The documentation of Galley",
	documents: 12,
	chunks: 184,
	embeddingModel: "starter-embed",
	createdAt: "2026-01-05T10:00:00.000Z",
	access: "owner",
	reading: null,
};

export const sampleDocument: DocumentShape = {
	id: "scheduler",
	collectionId: "docs",
	source: "https://example.com/docs/scheduler",
	url: "https://example.com/docs/scheduler",
	title: "How the scheduler works",
	state: "ready",
	problem: null,
	chunks: 7,
	publishedAt: null,
	checkedAt: "2026-01-05T10:00:00.000Z",
	createdAt: "2026-01-05T10:00:00.000Z",
};

/** Quotes a place of the guide. */
export function citationOf(number: number, text: string): CitationShape {
	const start = guide.markdown.indexOf(text);
	const { id, title, url } = sampleDocument;
	return {
		number,
		documentId: id,
		chunkId: `chunk-${number}`,
		title,
		url,
		text,
		start,
		end: start + text.length,
	};
}

export const sampleCitations = [citationOf(1, paged), citationOf(2, shared)];

export const sampleStages: StageShape[] = [
	{ stage: "rewrite", ms: 0.2, detail: null },
	{ stage: "embed", ms: 6, detail: null },
	{ stage: "search", ms: 11, detail: "24 passages" },
	{ stage: "rerank", ms: 64, detail: null },
	{ stage: "pack", ms: 0.4, detail: "5 passages" },
	{ stage: "first_token", ms: 210, detail: null },
	{ stage: "answer", ms: 1240, detail: null },
];

/** Passages of eight documents in eight heaps. */
export function mapPoints(count: number) {
	return Array.from({ length: count }, (_, index) => {
		const heap = index % 8;
		const turn = index * 2.4;
		const away = 0.05 * Math.sqrt(index / 8);
		return {
			documentId: `document-${heap}`,
			chunkId: `chunk-${index}`,
			title: `Document ${heap}`,
			x: Math.cos(heap) + away * Math.cos(turn),
			y: Math.sin(heap * 1.3) + away * Math.sin(turn),
		};
	});
}
