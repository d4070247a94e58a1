import type { Database } from "../database.ts";

/** Each must find nothing; the text says what it would mean. */
const checks: readonly { meaning: string; sql: string }[] = [
	{
		meaning: "documents whose number of chunks is wrong",
		sql: `select d.id from documents d where d.state = 'ready'
			and d.chunk_count <> (select count(*) from chunks k where k.document_id = d.id)`,
	},
	{
		meaning:
			"chunks without words or vector, or of another document than these say",
		sql: `select k.id from chunks k left join chunk_words w on w.chunk_id = k.id left join chunk_vectors v on v.chunk_id = k.id
			where w.document_id is distinct from k.document_id or v.document_id is distinct from k.document_id`,
	},
	{
		meaning: "collections whose counts are wrong",
		sql: `select c.id from collections c left join (
				select collection_id, count(*) as documents, sum(chunk_count) as chunks, sum(word_count) as words
				from documents where state = 'ready' group by collection_id) d on d.collection_id = c.id
			where not c.is_removed and (c.document_count, c.chunk_count, c.word_count)
				is distinct from (coalesce(d.documents, 0)::int, coalesce(d.chunks, 0)::int, coalesce(d.words, 0)::bigint)`,
	},
	{
		meaning: "words whose counts are wrong",
		sql: `select coalesce(s.word, w.word) from (
				select d.collection_id, u.lexeme as word, count(*)::int as chunk_count
				from documents d join chunk_words cw on cw.document_id = d.id, unnest(cw.words) u
				where d.state = 'ready' group by 1, 2) s
			full join (select w.* from collection_words w join collections c on c.id = w.collection_id
				where w.chunk_count <> 0 and not c.is_removed) w
				on w.collection_id = s.collection_id and w.word = s.word
			where s.chunk_count is distinct from w.chunk_count`,
	},
	{
		meaning: "documents that are half written",
		sql: "select id from documents where state = 'writing'",
	},
];

/** What doesn't fit together, in words; empty when all is well. Reads everything: for tests and for doubts. */
export async function findFaults(database: Database): Promise<string[]> {
	const faults: string[] = [];
	for (const { meaning, sql } of checks) {
		const rows = await database.query(sql);
		if (rows.length > 0) faults.push(`${rows.length} ${meaning}`);
	}
	return faults;
}
