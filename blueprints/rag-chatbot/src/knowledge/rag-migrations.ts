import type { Migration } from "galley/store";

/** Tables of this application beside those of the knowledge base. */
export const ragMigrations: readonly Migration[] = [
	{
		name: "rag-001",
		sql: `
create table rag_jobs (
	id uuid primary key default gen_random_uuid(),
	ordinal bigint generated always as identity,
	collection_id uuid not null references collections on delete cascade,
	principal text not null,
	task jsonb not null,
	state text not null check (state in ('waiting', 'running', 'finished', 'cancelled', 'failed')),
	counts jsonb not null,
	problem text,
	refresh_hours double precision,
	next_run_at timestamptz,
	previous_id uuid,
	created_at timestamptz not null default now(),
	started_at timestamptz,
	finished_at timestamptz
);
create index rag_jobs_collection on rag_jobs (collection_id, ordinal desc);
create index rag_jobs_open on rag_jobs (ordinal) where state in ('waiting', 'running');
create index rag_jobs_due on rag_jobs (next_run_at) where next_run_at is not null;

create table rag_job_pages (
	job_id uuid not null references rag_jobs on delete cascade,
	source text not null,
	state text not null,
	title text,
	chunks integer not null,
	problem jsonb,
	primary key (job_id, source)
);

create table rag_notes (
	name text primary key,
	value text not null
);
`,
	},
	{
		// Several processes on one database: who runs a job, until when it is taken to live, and who wants it to end.
		name: "rag-002",
		sql: `
alter table rag_jobs add column holder uuid;
alter table rag_jobs add column held_until timestamptz;
alter table rag_jobs add column is_cancel_asked boolean not null default false;

create table rag_job_files (
	job_id uuid not null references rag_jobs on delete cascade,
	ordinal integer not null,
	piece integer not null,
	source text not null,
	content_type text not null,
	body bytea not null,
	primary key (job_id, ordinal, piece)
);
`,
	},
];
