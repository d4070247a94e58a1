import type { Migration } from "../migrations/migrate.ts";

/**
 * Texts, words and vectors of a chunk have a table each: a search reads thousands of word lists or hundreds of vectors and a
 * handful of texts, and rows beyond 2 KB would be moved out of line (TOAST) and read slowly.
 *
 * Vectors of all dimensions share a column without a type modifier. Each number of dimensions gets an index of its own over
 * `embedding::vector(n)`, made with the first collection that has it (vector-index.ts).
 */
export const knowledgeMigrations: readonly Migration[] = [
	{
		name: "knowledge-001",
		sql: `
create extension if not exists vector;

create table collections (
	id uuid primary key default gen_random_uuid(),
	owner text not null check (owner <> '*' and owner <> ''),
	name text not null,
	description text not null default '',
	language text not null,
	embedding_model text not null,
	dimensions integer not null check (dimensions between 1 and 4000),
	document_count integer not null default 0,
	chunk_count integer not null default 0,
	word_count bigint not null default 0,
	is_removed boolean not null default false,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create unique index collections_name on collections (owner, name) where not is_removed;

create table collection_grants (
	collection_id uuid not null references collections on delete cascade,
	grantee text not null,
	role text not null check (role in ('reader', 'writer')),
	primary key (collection_id, grantee)
);
create index collection_grants_grantee on collection_grants (grantee);

create table documents (
	id uuid primary key default gen_random_uuid(),
	collection_id uuid not null references collections on delete cascade,
	source text not null,
	title text not null default '',
	state text not null check (state in ('writing', 'ready', 'failed')),
	content text not null default '',
	content_hash text not null default '',
	language text,
	published_at timestamptz,
	etag text,
	last_modified text,
	problem_code text,
	problem_message text,
	chunk_count integer not null default 0,
	word_count integer not null default 0,
	checked_at timestamptz not null default now(),
	next_check_at timestamptz,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create unique index documents_source on documents (collection_id, source) where state <> 'writing';
create index documents_hash on documents (collection_id, content_hash) where state = 'ready';
create index documents_due on documents (next_check_at) where next_check_at is not null;
create index documents_writing on documents (id) where state = 'writing';

create table chunks (
	id bigint generated always as identity primary key,
	document_id uuid not null references documents on delete cascade,
	ordinal integer not null,
	headings jsonb not null,
	body text not null,
	tokens integer not null,
	start_offset integer not null,
	end_offset integer not null,
	unique (document_id, ordinal)
);

create table chunk_words (
	chunk_id bigint primary key references chunks on delete cascade,
	document_id uuid not null,
	collection_id uuid not null,
	word_count integer not null,
	words tsvector not null
) with (toast_tuple_target = 8160);
create index chunk_words_document on chunk_words (document_id);
create index chunk_words_words on chunk_words using gin (words);

create table chunk_vectors (
	chunk_id bigint primary key references chunks on delete cascade,
	document_id uuid not null,
	collection_id uuid not null,
	dimensions integer not null,
	embedding vector not null
) with (toast_tuple_target = 8160);
create index chunk_vectors_document on chunk_vectors (document_id);

create table collection_words (
	collection_id uuid not null references collections on delete cascade,
	word text not null,
	chunk_count integer not null,
	primary key (collection_id, word)
);

create table conversations (
	id uuid primary key default gen_random_uuid(),
	owner text not null,
	title text not null default '',
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index conversations_owner on conversations (owner, updated_at desc);

create table messages (
	id uuid primary key default gen_random_uuid(),
	conversation_id uuid not null references conversations on delete cascade,
	ordinal integer not null,
	role text not null check (role in ('system', 'user', 'assistant')),
	content text not null,
	details jsonb not null default '{}',
	created_at timestamptz not null default now(),
	unique (conversation_id, ordinal)
);

create table feedback (
	message_id uuid not null references messages on delete cascade,
	author text not null,
	rating smallint not null check (rating in (-1, 1)),
	comment text not null default '',
	created_at timestamptz not null default now(),
	primary key (message_id, author)
);
`,
	},
];
