import { GalleyError } from "../../core/errors.ts";
import { type Database, onlyRow, type Queryable } from "../database.ts";
import { cleanText } from "./clean-text.ts";
import { collectionNotFound, requireId } from "./collections.ts";
import { mayRead, mayWrite, namesOf, type Principal } from "./principal.ts";
import { vectorText } from "./vector-index.ts";

export interface NewChunk {
	ordinal: number;
	headings: readonly string[];
	text: string;
	tokens: number;
	/** Its place in the document's content. */
	start: number;
	end: number;
	vector: ArrayLike<number>;
}

export interface NewDocument {
	/** Its URL, or a name for what has none; at most 2,000 characters. */
	source: string;
	title: string;
	content: string;
	/** Of the content: a document that comes again with the same is left alone. */
	contentHash: string;
	language?: string | null;
	publishedAt?: string | null;
	etag?: string | null;
	lastModified?: string | null;
	nextCheckAt?: Date | null;
}

export interface WriteOptions {
	signal?: AbortSignal | undefined;
	/** Chunks written at once; searches of an embedded database wait that long, and a little longer at a document's end. */
	batchSize?: number;
}

export interface WriteResult {
	outcome: "stored" | "unchanged";
	documentId: string;
}

interface Target {
	id: string;
	language: string;
	dimensions: number;
	isWritable: boolean;
}

/**
 * Replaces the document of that source. Searches see the old one or the new one, whole:
 *
 *   1  the chunks of a long document, but for the last of them, are written in short transactions under a document in the
 *      state `writing`, which nobody sees;
 *   2  one transaction writes the last chunks, deletes the old document, counts the words of the new one, and makes it `ready`.
 *
 * A crash in between leaves rows that nobody sees, and the next start sweeps them away. Only the last transaction waits for the
 * disk: the log is written in order, so what it commits is there with all that came before.
 */
export async function writeDocument(
	database: Database,
	principal: Principal,
	collectionId: string,
	document: NewDocument,
	chunks: readonly NewChunk[],
	{ signal, batchSize = 16 }: WriteOptions = {},
): Promise<WriteResult> {
	const target = await readTarget(database, principal, collectionId);
	checkChunks(target, document, chunks);
	const known = await confirmUnchanged(database, target, document);
	if (known !== null) return { outcome: "unchanged", documentId: known };
	let documentId: string | null = null;
	const write = async (transaction: Queryable, from: number) => {
		documentId ??= await beginDocument(transaction, target, document);
		const batch = chunks.slice(from, from + batchSize);
		const { title } = document;
		await writeChunks(transaction, target, documentId, title, batch);
		return documentId;
	};
	try {
		let from = 0;
		for (; from + batchSize < chunks.length; from += batchSize)
			await database.transaction(
				async (transaction) => {
					await write(transaction, from);
					await commitSoon(transaction);
				},
				{ signal },
			);
		signal?.throwIfAborted();
		documentId = await database.transaction(async (transaction) => {
			const id = await write(transaction, from);
			signal?.throwIfAborted();
			await publish(transaction, principal, target, id, document.source);
			return id;
		});
	} catch (error) {
		// Without its signal: it may be the reason that brought us here.
		if (documentId !== null)
			await database.query(
				"delete from documents where id = $1::uuid and state = 'writing'",
				[documentId],
			);
		throw error;
	}
	return { outcome: "stored", documentId };
}

/** Its commit doesn't wait for the disk. */
async function commitSoon(transaction: Queryable): Promise<void> {
	await transaction.query("set local synchronous_commit = off");
}

async function readTarget(
	database: Queryable,
	principal: Principal,
	id: string,
): Promise<Target> {
	const [target] = await database.query<Target>(
		`select c.id, c.language, c.dimensions, ${mayWrite("c", "$1")} as "isWritable"
		from collections c where c.id = $2::uuid and ${mayRead("c", "$1")}`,
		[namesOf(principal), requireId(id)],
	);
	if (target === undefined) throw collectionNotFound(id);
	if (!target.isWritable)
		throw new GalleyError(
			"permission_denied",
			"This key may read the collection but not write to it.",
		);
	return target;
}

function checkChunks(
	target: Target,
	document: NewDocument,
	chunks: readonly NewChunk[],
) {
	if (document.source === "" || document.source.length > 2000)
		throw new GalleyError(
			"invalid_request",
			"A document's source needs 1 to 2,000 characters.",
			{ param: "source" },
		);
	const wrong = chunks.find(
		({ vector }) => vector.length !== target.dimensions,
	);
	if (wrong !== undefined)
		throw new GalleyError(
			"invalid_request",
			`The collection holds vectors of ${target.dimensions} dimensions, chunk ${wrong.ordinal} has ${wrong.vector.length}. Use the embedding model that the collection was made with.`,
		);
}

async function confirmUnchanged(
	database: Queryable,
	target: Target,
	document: NewDocument,
): Promise<string | null> {
	const [known] = await database.query<{ id: string }>(
		`update documents set checked_at = now(), etag = $4, last_modified = $5, next_check_at = $6::timestamptz,
			problem_code = null, problem_message = null
		where collection_id = $1::uuid and source = $2 and state = 'ready' and content_hash = $3 and title = $7 returning id`,
		[
			target.id,
			cleanText(document.source),
			document.contentHash,
			document.etag ?? null,
			document.lastModified ?? null,
			document.nextCheckAt ?? null,
			cleanText(document.title),
		],
	);
	return known?.id ?? null;
}

async function beginDocument(
	database: Queryable,
	target: Target,
	document: NewDocument,
): Promise<string> {
	const rows = await database.query<{ id: string }>(
		`insert into documents (collection_id, source, title, state, content, content_hash, language, published_at, etag, last_modified, next_check_at)
		values ($1::uuid, $2, $3, 'writing', $4, $5, $6, $7::timestamptz, $8, $9, $10::timestamptz) returning id`,
		[
			target.id,
			cleanText(document.source),
			cleanText(document.title),
			cleanText(document.content),
			document.contentHash,
			document.language ?? null,
			document.publishedAt ?? null,
			document.etag ?? null,
			document.lastModified ?? null,
			document.nextCheckAt ?? null,
		],
	);
	return onlyRow(rows).id;
}

/** One statement for all three tables. The title and the headings count as words of the chunk. */
async function writeChunks(
	transaction: Queryable,
	target: Target,
	documentId: string,
	title: string,
	chunks: readonly NewChunk[],
): Promise<void> {
	const rows = chunks.map((chunk) => ({
		ordinal: chunk.ordinal,
		headings: chunk.headings.map(cleanText),
		body: cleanText(chunk.text),
		tokens: chunk.tokens,
		start_offset: chunk.start,
		end_offset: chunk.end,
		embedding: vectorText(chunk.vector),
		searched: cleanText([title, ...chunk.headings, chunk.text].join("\n")),
	}));
	await transaction.query(
		`with given as materialized (
			select * from jsonb_to_recordset($1::jsonb) as r (
				ordinal int, headings jsonb, body text, tokens int, start_offset int, end_offset int, embedding text, searched text)
		), written as (
			insert into chunks (document_id, ordinal, headings, body, tokens, start_offset, end_offset)
			select $2::uuid, ordinal, headings, body, tokens, start_offset, end_offset from given returning id, ordinal
		), parsed as materialized (
			select written.id, to_tsvector($4::regconfig, given.searched) as words, given.embedding
			from written join given using (ordinal)
		), listed as (
			insert into chunk_words (chunk_id, document_id, collection_id, word_count, words)
			select id, $2::uuid, $3::uuid, (select coalesce(sum(cardinality(positions)), 0) from unnest(words)), words from parsed
		)
		insert into chunk_vectors (chunk_id, document_id, collection_id, dimensions, embedding)
		select id, $2::uuid, $3::uuid, $5::int, embedding::vector from parsed`,
		[
			JSON.stringify(rows),
			documentId,
			target.id,
			target.language,
			target.dimensions,
		],
	);
	// Says that its writer lives: only what stood still for long is swept away.
	await transaction.query(
		"update documents set updated_at = now() where id = $1::uuid",
		[documentId],
	);
}

async function publish(
	transaction: Queryable,
	principal: Principal,
	target: Target,
	documentId: string,
	source: string,
): Promise<void> {
	// One writer of a collection at a time; and whose right was withdrawn meanwhile stops here.
	const rows = await transaction.query(
		`select c.id from collections c where c.id = $2::uuid and ${mayWrite("c", "$1")} for update`,
		[namesOf(principal), target.id],
	);
	if (rows.length === 0) throw collectionNotFound(target.id);
	await removeDocument(transaction, target.id, cleanText(source));
	const published = await transaction.query(
		`with counted as (
			select count(*) as chunks, coalesce(sum(word_count), 0) as words from chunk_words where document_id = $1::uuid
		), ready as (
			update documents set state = 'ready', updated_at = now(), chunk_count = counted.chunks, word_count = counted.words
			from counted where id = $1::uuid and state = 'writing' returning collection_id
		)
		update collections set document_count = document_count + 1, chunk_count = chunk_count + counted.chunks,
			word_count = collections.word_count + counted.words, updated_at = now()
		from counted, ready where id = ready.collection_id returning id`,
		[documentId],
	);
	if (published.length === 0)
		throw new GalleyError(
			"internal",
			`${source} stood still for so long that it was swept away. Write it again.`,
		);
	await transaction.query(
		`insert into collection_words (collection_id, word, chunk_count)
		select $2::uuid, lexeme, count(*) from chunk_words, unnest(words) where document_id = $1::uuid group by lexeme order by lexeme
		on conflict (collection_id, word) do update set chunk_count = collection_words.chunk_count + excluded.chunk_count`,
		[documentId, target.id],
	);
}

/** Deletes a document that was published, and takes its words off the counts. The caller holds the collection's row. */
export async function removeDocument(
	transaction: Queryable,
	collectionId: string,
	source: string,
): Promise<boolean> {
	const [old] = await transaction.query<{ id: string; state: string }>(
		"select id, state from documents where collection_id = $1::uuid and source = $2 and state <> 'writing'",
		[collectionId, source],
	);
	if (old === undefined) return false;
	if (old.state === "ready") {
		await transaction.query(
			`update collection_words w set chunk_count = w.chunk_count - gone.chunks
			from (select lexeme, count(*) as chunks from chunk_words, unnest(words) where document_id = $1::uuid group by lexeme) gone
			where w.collection_id = $2::uuid and w.word = gone.lexeme`,
			[old.id, collectionId],
		);
		await transaction.query(
			`update collections c set document_count = c.document_count - 1, chunk_count = c.chunk_count - d.chunk_count,
				word_count = c.word_count - d.word_count, updated_at = now()
			from documents d where d.id = $1::uuid and c.id = d.collection_id`,
			[old.id],
		);
	}
	await transaction.query("delete from documents where id = $1::uuid", [
		old.id,
	]);
	return true;
}
