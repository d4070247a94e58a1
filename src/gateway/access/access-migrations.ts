import type { Migration } from "../../store/index.ts";

/** `changed_at` tells other gateways what to read again; a key is never deleted, so that usage keeps its name. */
export const accessMigrations: readonly Migration[] = [
	{
		name: "access-001",
		sql: `
create table api_keys (
	id text primary key,
	name text not null,
	tenant text not null,
	prefix text not null,
	secret_hash text not null unique,
	previous_hash text,
	previous_expires_at timestamptz,
	scopes text[] not null,
	models text[],
	collections text[],
	limits jsonb not null default '{}',
	created_at timestamptz not null default now(),
	expires_at timestamptz,
	rotated_at timestamptz,
	revoked_at timestamptz,
	last_used_at timestamptz,
	changed_at timestamptz not null default clock_timestamp()
);
create index api_keys_changed on api_keys (changed_at);
`,
	},
	{
		// Who may see a collection is for the application that has it to say; a gateway's key promised what nothing kept.
		name: "access-002",
		sql: "alter table api_keys drop column collections;",
	},
];
