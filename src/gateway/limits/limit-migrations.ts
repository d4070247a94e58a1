import type { Migration } from "../../store/index.ts";

/**
 * `taken` is what all gateways together have been granted of a window: used, or held by one of them for what comes next.
 * `last_grant` hands the figure of an upsert back to whoever sent it.
 */
export const limitMigrations: readonly Migration[] = [
	{
		name: "limits-001",
		sql: `
create table limit_windows (
	subject text not null,
	kind text not null,
	starts_at bigint not null,
	taken double precision not null,
	last_grant double precision not null,
	primary key (subject, kind, starts_at)
);

create table limit_slots (
	subject text not null,
	gateway text not null,
	held integer not null,
	expires_at timestamptz not null,
	primary key (subject, gateway)
);
`,
	},
];
