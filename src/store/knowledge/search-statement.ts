import type { SqlValue } from "../database.ts";
import type { WordPlan } from "./query-words.ts";
import { indexedVector } from "./vector-index.ts";

export interface SearchFilters {
	/** Only documents whose source begins so. */
	sourcePrefix?: string | null;
	publishedAfter?: Date | null;
	publishedBefore?: Date | null;
}

export interface SearchPlan {
	names: string[];
	collectionIds: string[];
	vector: { text: string; dimensions: number; model: string } | null;
	/** Reads the vectors of all documents that may be found, instead of the index. */
	isExact: boolean;
	words: WordPlan | null;
	averageWords: number;
	filters: SearchFilters;
	/** Taken from each of the two rankings. */
	depth: number;
	limit: number;
}

/** BM25's usual constants: how soon more of a word stops counting, and how much a chunk's length does. */
const saturation = 1.2;
const lengthWeight = 0.75;
/** Of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009). */
const rankConstant = 60;

/**
 * One statement: both rankings, their fusion and what is shown of the best. What may be read is decided in it again, so that
 * a right that was withdrawn meanwhile finds nothing.
 */
export function searchStatement(
	plan: SearchPlan,
	readable: string,
): { sql: string; parameters: SqlValue[] } {
	const parameters: SqlValue[] = [plan.names, plan.collectionIds];
	const given = (value: SqlValue) => `$${parameters.push(value)}`;
	const { vector, words } = plan;
	const filter = filterConditions(plan.filters, given);
	// Rows that are being written are few; to look for these is cheaper than to look at each document.
	const visible = (
		alias: string,
	) => `${alias}.collection_id = any(array(select id from readable))
		and ${alias}.document_id <> all(array(select id from documents where state = 'writing'))
		${filter === "" ? "" : `and exists (select from documents d where d.id = ${alias}.document_id ${filter})`}`;
	const parts = [
		`readable as materialized (select c.id, c.embedding_model from collections c where c.id = any($2::uuid[]) and ${readable})`,
	];
	const question =
		vector === null ? null : { ...vector, parameter: given(vector.text) };
	if (question !== null) {
		const { type } = indexedVector(question.dimensions);
		const distance = `v.embedding::${type} <=> ${question.parameter}::${type}`;
		const model = given(question.model);
		const from = plan.isExact
			? `(select v.chunk_id, ${distance} as distance from documents d join chunk_vectors v on v.document_id = d.id
				where d.collection_id = any(array(select id from readable where embedding_model = ${model}))
				and d.state = 'ready' ${filter} and v.dimensions = ${question.dimensions}
				order by distance limit ${plan.depth})`
			: `(select v.chunk_id, ${distance} as distance from chunk_vectors v
				where v.dimensions = ${question.dimensions} and ${visible("v").replace("select id from readable", `select id from readable where embedding_model = ${model}`)}
				order by ${distance} limit ${plan.depth})`;
		parts.push(
			`near as materialized (select chunk_id, distance, row_number() over (order by distance, chunk_id) as rank from ${from} n)`,
		);
	}
	if (words !== null) {
		const counts = words.words.map(
			({ query }, index) => `${wordCount(given(query))} as n${index}`,
		);
		const norm = `(${saturation * (1 - lengthWeight)}::float8 + ${given((saturation * lengthWeight) / plan.averageWords)}::float8 * word_count)`;
		const scores = words.words.map(
			({ weight }, index) =>
				`${given(weight)}::float8 * n${index} / (n${index} + ${norm})`,
		);
		parts.push(`counted as materialized (
			select w.chunk_id, w.word_count, ${counts.join(", ")} from chunk_words w
			where w.words @@ ${given(words.candidates)}::tsquery and ${visible("w")}
		), worded as materialized (
			select chunk_id, score, row_number() over (order by score desc, chunk_id) as rank
			from (select chunk_id, ${1 + saturation}::float8 * (${scores.join(" + ")}) as score from counted order by score desc, chunk_id limit ${plan.depth}) s)`);
	}
	const none =
		"(select null::bigint as chunk_id, null::bigint as rank, null::float8 as score, null::float8 as distance where false)";
	return {
		parameters,
		sql: `with ${parts.join(",\n")},
		fused as materialized (
			select chunk_id, coalesce(1::float8 / (${rankConstant} + n.rank), 0) + coalesce(1::float8 / (${rankConstant} + w.rank), 0) as fused,
				w.score as word_score, n.distance
			from ${question === null ? none : "near"} n full join ${words === null ? none : "worded"} w using (chunk_id)
			order by fused desc, chunk_id limit ${plan.limit}
		)
		select k.id::text as "chunkId", d.id as "documentId", d.collection_id as "collectionId", d.source, d.title,
			d.published_at as "publishedAt", k.headings, k.body as text, k.start_offset as start, k.end_offset as end, k.tokens,
			f.fused as "searchScore", f.word_score as "wordScore",
			${
				question === null
					? "null::float8"
					: `1 - coalesce(f.distance, (select (v.embedding::${indexedVector(question.dimensions).type} <=> ${question.parameter}::${indexedVector(question.dimensions).type})
				from chunk_vectors v where v.chunk_id = k.id and v.dimensions = ${question.dimensions}))`
			} as similarity
		from fused f join chunks k on k.id = f.chunk_id join documents d on d.id = k.document_id and d.state = 'ready'
			and d.collection_id in (select id from readable)
		order by f.fused desc, f.chunk_id`,
	};
}

/**
 * How often a chunk has a word. PostgreSQL's ts_rank of n places of one word, all weights 1, is H(n) / 1.64493406685 with
 * H(n) = 1 + 1/4 + ... + 1/n²; what is missing from the limit is about 1 / (n + 1/2), from which n follows exactly. That is
 * much quicker than to unpack the word list in SQL. It gives 0 where the word is missing.
 */
function wordCount(query: string): string {
	return `round(1 / (1.64493406685 * (1 - ts_rank('{1,1,1,1}', w.words, ${query}::tsquery)::float8)) - 0.5)`;
}

function filterConditions(
	filters: SearchFilters,
	given: (value: SqlValue) => string,
): string {
	const conditions: string[] = [];
	if (filters.sourcePrefix != null)
		conditions.push(
			`and starts_with(d.source, ${given(filters.sourcePrefix)})`,
		);
	if (filters.publishedAfter != null)
		conditions.push(
			`and d.published_at >= ${given(filters.publishedAfter)}::timestamptz`,
		);
	if (filters.publishedBefore != null)
		conditions.push(
			`and d.published_at < ${given(filters.publishedBefore)}::timestamptz`,
		);
	return conditions.join(" ");
}
