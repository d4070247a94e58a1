import type { KnowledgeBase, Principal } from "galley/store";
import type { NewChunk, NewDocument } from "../ingest/ingest-page.ts";
import type { IngestTarget } from "../ingest/ingest-runner.ts";
import type { KnownPage } from "../ingest/page-fetcher.ts";

/** A collection as a job writes to it, with the rights of whoever asked for the job. */
export class CollectionTarget implements IngestTarget {
	readonly #base: KnowledgeBase;
	readonly #principal: Principal;
	readonly #collectionId: string;
	readonly #signal: AbortSignal;

	constructor(
		base: KnowledgeBase,
		principal: Principal,
		collectionId: string,
		signal: AbortSignal,
	) {
		this.#base = base;
		this.#principal = principal;
		this.#collectionId = collectionId;
		this.#signal = signal;
	}

	async known(source: string) {
		const document = await this.#base.documents.bySource(
			this.#principal,
			this.#collectionId,
			source,
		);
		// One that was never read has nothing to be unchanged.
		return document?.state === "ready" ? document : null;
	}

	hasContent(contentHash: string, exceptSource: string): Promise<boolean> {
		return this.#base.documents.hasContent(
			this.#principal,
			this.#collectionId,
			contentHash,
			exceptSource,
		);
	}

	async put(
		{ markdown, ...document }: NewDocument,
		chunks: readonly NewChunk[],
	): Promise<void> {
		await this.#base.write(
			this.#principal,
			this.#collectionId,
			{ ...document, content: markdown },
			chunks,
			{ signal: this.#signal },
		);
	}

	confirm(source: string, known: KnownPage): Promise<void> {
		return this.#base.documents.confirm(
			this.#principal,
			this.#collectionId,
			source,
			known,
		);
	}

	async remove(source: string): Promise<void> {
		await this.#base.documents.remove(
			this.#principal,
			this.#collectionId,
			source,
		);
	}
}
