/** A passage that was found, and why. */
export interface FoundPassage {
	chunkId: string;
	documentId: string;
	source: string;
	title: string;
	headings: readonly string[];
	text: string;
	/** Its place in the document's Markdown. */
	start: number;
	end: number;
	tokens: number;
	/** Of the fused search: greater is better, comparable within one search only. */
	searchScore: number;
	/** Cosine similarity to the question; null where only words were searched. */
	similarity: number | null;
	/** The reranker's raw relevance; null where none ran. */
	relevance: number | null;
}
