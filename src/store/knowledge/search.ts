import { GalleyError } from "../../core/errors.ts";
import type { Database } from "../database.ts";
import { cleanText } from "./clean-text.ts";
import { mayRead, namesOf, type Principal } from "./principal.ts";
import { planWords, type QueryWord } from "./query-words.ts";
import { type SearchFilters, searchStatement } from "./search-statement.ts";
import { vectorText } from "./vector-index.ts";

export interface SearchRequest {
	/** Null or absent: all that the principal may read. Those that it may not are as if they weren't. */
	collectionIds?: readonly string[] | null;
	/** For the words; null searches by vector alone. */
	text: string | null;
	/** For the meaning; null searches by words alone. Only collections of the same model are searched with it. */
	vector: { values: ArrayLike<number>; model: string } | null;
	filters?: SearchFilters;
	limit?: number;
	/** Candidates from each ranking before they are fused. */
	depth?: number;
	/** Up to this many chunks are compared one by one instead of by the index. */
	exactLimit?: number;
	signal?: AbortSignal | undefined;
}

export interface FoundPassage {
	chunkId: string;
	documentId: string;
	collectionId: string;
	source: string;
	title: string;
	publishedAt: Date | null;
	headings: string[];
	text: string;
	start: number;
	end: number;
	tokens: number;
	/** Greater is better; comparable within one search only. */
	searchScore: number;
	/** BM25; null where the words didn't find it. */
	wordScore: number | null;
	/** Cosine similarity to the vector; null without one. */
	similarity: number | null;
}

interface Scope {
	ids: string[] | null;
	chunkCount: number;
	wordCount: number;
	words: QueryWord[] | null;
}

/** Chunks whose words are counted for one search; more cost time and change little at the top. */
const maxCandidates = 1000;
const maxQuestionCharacters = 4000;

/**
 * The best passages by words (BM25) and by meaning (cosine), fused by reciprocal rank.
 *
 *   1  which collections, how large, and how common are the question's words: one statement;
 *   2  few chunks: exact distances, quicker than an index scan that throws away what others own;
 *   3  many: the index, which goes on until enough passed the filters.
 */
export async function searchKnowledge(
	database: Database,
	principal: Principal,
	{
		collectionIds = null,
		text,
		vector,
		filters = {},
		limit = 10,
		depth = 50,
		exactLimit = 2000,
		signal,
	}: SearchRequest,
): Promise<FoundPassage[]> {
	if (text === null && vector === null)
		throw new GalleyError(
			"invalid_request",
			"A search needs a text, a vector, or both.",
		);
	const names = namesOf(principal);
	const scope = await readScope(database, names, collectionIds, text, signal);
	if (scope.ids === null || scope.chunkCount === 0) return [];
	const words = planWords(scope.words ?? [], scope.chunkCount, maxCandidates);
	if (vector === null && words === null) return [];
	const { sql, parameters } = searchStatement(
		{
			names,
			collectionIds: scope.ids,
			vector: vector && {
				text: vectorText(vector.values),
				dimensions: vector.values.length,
				model: vector.model,
			},
			isExact: scope.chunkCount <= exactLimit,
			words,
			averageWords: Math.max(1, scope.wordCount / scope.chunkCount),
			filters,
			depth: Math.max(Math.trunc(depth), Math.trunc(limit)),
			limit: Math.trunc(limit),
		},
		mayRead("c", "$1"),
	);
	return database.query<FoundPassage>(sql, parameters, { signal });
}

async function readScope(
	database: Database,
	names: string[],
	collectionIds: readonly string[] | null,
	text: string | null,
	signal: AbortSignal | undefined,
): Promise<Scope> {
	const asked = cleanText(text ?? "").slice(0, maxQuestionCharacters);
	const [scope] = await database.query<Scope>(
		`with readable as materialized (
			select c.id, c.language, c.chunk_count, c.word_count from collections c
			where ($2::text[] is null or c.id::text = any($2::text[])) and ${mayRead("c", "$1")}
		), stemmed as (
			select distinct lexeme from (select distinct language from readable) l, unnest(to_tsvector(l.language::regconfig, $3))
		), counted as (
			select s.lexeme as word, w."chunkCount" from stemmed s, lateral (
				select coalesce(sum(chunk_count), 0)::int as "chunkCount" from collection_words
				where collection_id = any(array(select id from readable)) and word = s.lexeme
			) w
		)
		select array_agg(id::text) as ids, coalesce(sum(chunk_count), 0)::int as "chunkCount",
			coalesce(sum(word_count), 0)::float8 as "wordCount", (select json_agg(counted) from counted) as words
		from readable`,
		[names, collectionIds === null ? null : [...collectionIds], asked],
		{ signal },
	);
	return scope ?? { ids: null, chunkCount: 0, wordCount: 0, words: null };
}
