import { createHash } from "node:crypto";
import { type ChunkLimits, splitChunks } from "../chunk/split-chunks.ts";
import type { ExtractedDocument, RawDocument } from "../extract/document.ts";
import type { Extractor } from "../extract/extractor.ts";
import type { EmbeddingClient } from "../services/embedding-client.ts";
import { ServiceError } from "../services/endpoint.ts";
import { AwayError, type OnAway, type Patience } from "../services/patience.ts";
import { PageError } from "./page-error.ts";

export interface NewChunk {
	ordinal: number;
	headings: readonly string[];
	text: string;
	start: number;
	end: number;
	tokens: number;
	vector: Float32Array;
}

export interface NewDocument {
	/** Its URL, or `upload:NAME` and `note:NAME` for what has none. */
	source: string;
	title: string;
	markdown: string;
	/** Hex sha256 of the Markdown. */
	contentHash: string;
	language: string | null;
	publishedAt: string | null;
	etag: string | null;
	lastModified: string | null;
}

export interface IngestParts {
	extractor: Extractor;
	embeddings: EmbeddingClient;
	/** Shared by all pages: an embedding service that is away is away for all of them. */
	patience: Patience;
	limits: ChunkLimits;
}

export type IngestStage = "read" | "split" | "embed" | "store";

export interface IngestWatch {
	onStage(stage: IngestStage): void;
	/** The embedding service is away and waited for; null: it is there again. */
	onAway: OnAway;
	signal: AbortSignal;
	/** Whether a document with this hash is in the collection already, from this source or another. */
	isKnown(contentHash: string): Promise<boolean>;
	store(document: NewDocument, chunks: readonly NewChunk[]): Promise<void>;
}

export type IngestResult =
	| { outcome: "stored"; chunks: number; document: ExtractedDocument }
	| { outcome: "unchanged"; document: ExtractedDocument };

/** From bytes to a stored document with its chunks and their vectors, in one go or not at all. Throws PageError. */
export async function ingestDocument(
	raw: RawDocument & { etag: string | null; lastModified: string | null },
	{ extractor, embeddings, patience, limits }: IngestParts,
	watch: IngestWatch,
): Promise<IngestResult> {
	watch.onStage("read");
	const document = await extractor.extract(raw);
	if (document.robots.noindex)
		throw new PageError("robots", `${raw.source} asks not to be kept.`);
	watch.signal.throwIfAborted();
	const contentHash = createHash("sha256")
		.update(document.markdown)
		.digest("hex");
	if (await watch.isKnown(contentHash))
		return { outcome: "unchanged", document };
	watch.onStage("split");
	const waiting = { patience, onAway: watch.onAway };
	try {
		const chunks = await splitChunks(document.markdown, limits, (texts) =>
			embeddings.countTokens(texts, watch.signal, waiting),
		);
		if (chunks.length === 0)
			throw new PageError("empty", `There is no text in ${raw.source}.`);
		watch.onStage("embed");
		const vectors = await embeddings.embedPassages(
			chunks.map((chunk) => passageText(document.title, chunk)),
			watch.signal,
			waiting,
		);
		watch.onStage("store");
		await watch.store(
			{
				source: raw.source,
				title: document.title,
				markdown: document.markdown,
				contentHash,
				language: document.language,
				publishedAt: document.publishedAt,
				etag: raw.etag,
				lastModified: raw.lastModified,
			},
			chunks.map((chunk, index) => ({
				...chunk,
				vector: vectors[index] as Float32Array,
			})),
		);
		return { outcome: "stored", chunks: chunks.length, document };
	} catch (error) {
		if (error instanceof AwayError)
			throw new PageError("embedding_away", error.message, { cause: error });
		if (error instanceof ServiceError)
			throw new PageError("embedding_failed", error.message, { cause: error });
		throw error;
	}
}

/** What is embedded and reranked: a passage says little without the title and the headings above it. */
export function passageText(
	title: string,
	{ headings, text }: { headings: readonly string[]; text: string },
): string {
	const above = [title, ...headings].filter(
		(heading, index, all) =>
			heading !== "" &&
			all.indexOf(heading) === index &&
			!text.includes(heading),
	);
	return [...above, text].join("\n");
}
