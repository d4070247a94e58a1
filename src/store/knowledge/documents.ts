import { GalleyError } from "../../core/errors.ts";
import type { Database } from "../database.ts";
import { cleanText } from "./clean-text.ts";
import { collectionNotFound, requireId } from "./collections.ts";
import { removeDocument } from "./document-writer.ts";
import { mayRead, mayWrite, namesOf, type Principal } from "./principal.ts";

export interface DocumentFacts {
	id: string;
	collectionId: string;
	source: string;
	title: string;
	/** `failed` is what was never read; a document that couldn't be read anew stays `ready` and has a problem. */
	state: "ready" | "failed";
	contentHash: string;
	language: string | null;
	publishedAt: Date | null;
	etag: string | null;
	lastModified: string | null;
	problem: { code: string; message: string } | null;
	chunkCount: number;
	checkedAt: Date;
	nextCheckAt: Date | null;
	createdAt: Date;
	updatedAt: Date;
}

export interface StoredChunk {
	id: string;
	ordinal: number;
	headings: string[];
	text: string;
	tokens: number;
	start: number;
	end: number;
}

export interface DocumentPage {
	documents: DocumentFacts[];
	/** For the next page; null at the end. */
	next: string | null;
}

const columns = `
	d.id, d.collection_id as "collectionId", d.source, d.title, d.state, d.content_hash as "contentHash", d.language,
	d.published_at as "publishedAt", d.etag, d.last_modified as "lastModified",
	case when d.problem_code is not null then jsonb_build_object('code', d.problem_code, 'message', d.problem_message) end as problem,
	d.chunk_count as "chunkCount", d.checked_at as "checkedAt", d.next_check_at as "nextCheckAt",
	d.created_at as "createdAt", d.updated_at as "updatedAt"`;

const readable = `documents d join collections c on c.id = d.collection_id and d.state <> 'writing' and ${mayRead("c", "$1")}`;

export class Documents {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	/** By source, `limit` at a time. */
	async list(
		principal: Principal,
		collectionId: string,
		{
			limit = 100,
			after = null,
		}: { limit?: number; after?: string | null } = {},
	): Promise<DocumentPage> {
		const documents = await this.#database.query<DocumentFacts>(
			`select ${columns} from ${readable}
			where d.collection_id = $2::uuid and ($3::text is null or d.source > $3) order by d.source limit $4::int`,
			[namesOf(principal), requireId(collectionId), after, limit],
		);
		const last = documents.at(-1);
		return {
			documents,
			next:
				documents.length === limit && last !== undefined ? last.source : null,
		};
	}

	async get(principal: Principal, id: string): Promise<DocumentFacts> {
		const [document] = await this.#database.query<DocumentFacts>(
			`select ${columns} from ${readable} where d.id = $2::uuid`,
			[namesOf(principal), requireId(id, "document")],
		);
		if (document === undefined) throw documentNotFound(id);
		return document;
	}

	async bySource(
		principal: Principal,
		collectionId: string,
		source: string,
	): Promise<DocumentFacts | null> {
		const [document] = await this.#database.query<DocumentFacts>(
			`select ${columns} from ${readable} where d.collection_id = $2::uuid and d.source = $3`,
			[namesOf(principal), requireId(collectionId), cleanText(source)],
		);
		return document ?? null;
	}

	/** Whether another document of the collection has this content. */
	async hasContent(
		principal: Principal,
		collectionId: string,
		contentHash: string,
		exceptSource: string,
	): Promise<boolean> {
		const rows = await this.#database.query(
			`select 1 from ${readable}
			where d.collection_id = $2::uuid and d.content_hash = $3 and d.state = 'ready' and d.source <> $4 limit 1`,
			[
				namesOf(principal),
				requireId(collectionId),
				contentHash,
				cleanText(exceptSource),
			],
		);
		return rows.length > 0;
	}

	async content(principal: Principal, id: string): Promise<string> {
		const [row] = await this.#database.query<{ content: string }>(
			`select d.content from ${readable} where d.id = $2::uuid`,
			[namesOf(principal), requireId(id, "document")],
		);
		if (row === undefined) throw documentNotFound(id);
		return row.content;
	}

	chunks(principal: Principal, id: string): Promise<StoredChunk[]> {
		return this.#database.query<StoredChunk>(
			`select k.id::text as id, k.ordinal, k.headings, k.body as text, k.tokens, k.start_offset as start, k.end_offset as end
			from ${readable} join chunks k on k.document_id = d.id where d.id = $2::uuid order by k.ordinal`,
			[namesOf(principal), requireId(id, "document")],
		);
	}

	/** Vectors of a collection, at most `limit` spread evenly over it: for a map of it. */
	vectors(
		principal: Principal,
		collectionId: string,
		limit: number,
	): Promise<{ chunkId: string; documentId: string; vector: number[] }[]> {
		return this.#database.query(
			`select k.id::text as "chunkId", d.id as "documentId", v.embedding::real[] as vector
			from ${readable} join chunks k on k.document_id = d.id join chunk_vectors v on v.chunk_id = k.id
			where d.collection_id = $2::uuid and d.state = 'ready'
				and k.id % greatest(1, c.chunk_count / $3::int) = 0
			order by k.id limit $3::int`,
			[namesOf(principal), requireId(collectionId), limit],
		);
	}

	/** It was looked at and is as it was. */
	async confirm(
		principal: Principal,
		collectionId: string,
		source: string,
		{
			etag,
			lastModified,
			nextCheckAt = null,
		}: {
			etag: string | null;
			lastModified: string | null;
			nextCheckAt?: Date | null;
		},
	): Promise<void> {
		await this.#database.query(
			`update documents d set etag = $4, last_modified = $5, next_check_at = $6::timestamptz, checked_at = now(),
				problem_code = null, problem_message = null
			from collections c where c.id = d.collection_id and ${mayWrite("c", "$1")}
				and d.collection_id = $2::uuid and d.source = $3 and d.state = 'ready'`,
			[
				namesOf(principal),
				requireId(collectionId),
				cleanText(source),
				etag,
				lastModified,
				nextCheckAt,
			],
		);
	}

	/** It couldn't be read, and why. What is there of it stays. */
	async fail(
		principal: Principal,
		collectionId: string,
		source: string,
		{
			code,
			message,
			nextCheckAt = null,
		}: { code: string; message: string; nextCheckAt?: Date | null },
	): Promise<void> {
		await this.#database.query(
			`insert into documents (collection_id, source, state, problem_code, problem_message, next_check_at)
			select c.id, $3, 'failed', $4, $5, $6::timestamptz from collections c where c.id = $2::uuid and ${mayWrite("c", "$1")}
			on conflict (collection_id, source) where state <> 'writing' do update set
				problem_code = excluded.problem_code, problem_message = excluded.problem_message,
				next_check_at = excluded.next_check_at, checked_at = now()`,
			[
				namesOf(principal),
				requireId(collectionId),
				cleanText(source),
				code,
				cleanText(message),
				nextCheckAt,
			],
		);
	}

	/** Those to be looked at again by now, the longest overdue first; the id of the principal's own collections only. */
	due(principal: Principal, limit = 100): Promise<DocumentFacts[]> {
		return this.#database.query<DocumentFacts>(
			`select ${columns} from ${readable}
			where d.next_check_at <= now() and ${mayWrite("c", "$1")} order by d.next_check_at limit $2::int`,
			[namesOf(principal), limit],
		);
	}

	/** False when there was none. */
	remove(
		principal: Principal,
		collectionId: string,
		source: string,
	): Promise<boolean> {
		return this.#database.transaction(async (transaction) => {
			const [collection] = await transaction.query(
				`select c.id from collections c where c.id = $2::uuid and ${mayWrite("c", "$1")} for update`,
				[namesOf(principal), requireId(collectionId)],
			);
			if (collection === undefined) throw collectionNotFound(collectionId);
			return removeDocument(transaction, collectionId, cleanText(source));
		});
	}
}

function documentNotFound(id: string): GalleyError {
	return new GalleyError(
		"not_found",
		`There is no document ${id}, or this key may not read it.`,
	);
}
