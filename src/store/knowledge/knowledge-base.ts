import type { Database } from "../database.ts";
import { Collections } from "./collections.ts";
import { Conversations } from "./conversations.ts";
import {
	type NewChunk,
	type NewDocument,
	type WriteOptions,
	type WriteResult,
	writeDocument,
} from "./document-writer.ts";
import { Documents } from "./documents.ts";
import { findFaults } from "./integrity.ts";
import type { Principal } from "./principal.ts";
import {
	type FoundPassage,
	type SearchRequest,
	searchKnowledge,
} from "./search.ts";

const largeTables =
	"documents, chunks, chunk_words, chunk_vectors, collection_words";

/** Collections of documents that can be searched, and the conversations about them. Everything asks who asks. */
export class KnowledgeBase {
	readonly collections: Collections;
	readonly documents: Documents;
	readonly conversations: Conversations;
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
		this.collections = new Collections(database);
		this.documents = new Documents(database);
		this.conversations = new Conversations(database);
	}

	/** Call it once after opening: sweeps away what a process that was stopped left half done. */
	async recover(): Promise<void> {
		// The embedded database has one process, which is only starting; on a server another one may be writing now.
		const age = this.#database.kind === "embedded" ? "0" : "1 hour";
		await this.#database.query(
			"delete from documents where state = 'writing' and updated_at <= now() - $1::interval",
			[age],
		);
		const removed = await this.#database.query<{ id: string }>(
			"select id from collections where is_removed",
		);
		for (const { id } of removed) await this.collections.finishRemoval(id);
	}

	write(
		principal: Principal,
		collectionId: string,
		document: NewDocument,
		chunks: readonly NewChunk[],
		options: WriteOptions = {},
	): Promise<WriteResult> {
		return writeDocument(
			this.#database,
			principal,
			collectionId,
			document,
			chunks,
			options,
		);
	}

	search(
		principal: Principal,
		request: SearchRequest,
	): Promise<FoundPassage[]> {
		return searchKnowledge(this.#database, principal, request);
	}

	/**
	 * Frees what was deleted and tells the planner how large the tables are. A server does that itself; on the embedded
	 * database call it after large changes, as everybody waits for it.
	 */
	async maintain(): Promise<void> {
		await this.#database.query(
			"delete from collection_words where chunk_count <= 0",
		);
		for (const table of largeTables.split(", "))
			await this.#database.query(`vacuum (analyze) ${table}`);
	}

	findFaults(): Promise<string[]> {
		return findFaults(this.#database);
	}
}
