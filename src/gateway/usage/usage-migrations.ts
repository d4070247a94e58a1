import type { Migration } from "../../store/index.ts";

/**
 * Sums by the hour: a month of a thousand keys and ten models is some million rows at most, whatever the load. `usage_writers`
 * says which files of a gateway are in the sums, so that none is added twice. `usage_totals` is what spending limits read.
 */
export const usageMigrations: readonly Migration[] = [
	{
		name: "usage-001",
		sql: `
create table usage_hours (
	hour timestamptz not null,
	key_id text not null,
	key_name text not null,
	tenant text not null,
	model text not null,
	requests bigint not null,
	errors bigint not null,
	prompt_tokens bigint not null,
	cached_tokens bigint not null,
	completion_tokens bigint not null,
	estimated bigint not null,
	seconds double precision not null,
	cost_usd double precision,
	primary key (hour, key_id, tenant, model)
);
create index usage_hours_key on usage_hours (key_id, hour);

create table usage_writers (
	id text primary key,
	sequence bigint not null,
	written_at timestamptz not null default now()
);

create table usage_totals (
	subject text primary key,
	cost_usd double precision not null
);
`,
	},
];
