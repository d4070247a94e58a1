import type { Queryable, SqlValue } from "../../store/index.ts";
import type { LateDatabase } from "../late-database.ts";
import type { UsageRow } from "./usage-row.ts";

/** A file of a gateway: they are added in the order of their numbers. */
export interface BatchId {
	writer: string;
	sequence: number;
}

/** Usage in the database. */
export interface UsageStore {
	/** Adds a batch, once: a second time changes nothing. */
	add(batch: BatchId, rows: readonly UsageRow[]): Promise<void>;
	/** US dollars by `key:ID` and `tenant:NAME`. */
	totals(subjects: readonly string[]): Promise<Map<string, number>>;
}

const counts = [
	"requests",
	"errors",
	"prompt_tokens",
	"cached_tokens",
	"completion_tokens",
	"estimated",
	"seconds",
] as const;

/** An array of texts can't hold a null for both drivers alike: not-a-number stands for "no price". */
const addStatement = `
insert into usage_hours as known
	(hour, key_id, key_name, tenant, model, ${counts.join(", ")}, cost_usd)
select hour, key_id, key_name, tenant, model, ${counts.join(", ")}, nullif(cost_usd, 'NaN'::double precision)
from unnest(
	$1::text[]::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[],
	$6::text[]::bigint[], $7::text[]::bigint[], $8::text[]::bigint[],
	$9::text[]::bigint[], $10::text[]::bigint[], $11::text[]::bigint[],
	$12::text[]::double precision[], $13::text[]::double precision[]
) as given (hour, key_id, key_name, tenant, model, ${counts.join(", ")}, cost_usd)
on conflict (hour, key_id, tenant, model) do update set
	key_name = excluded.key_name,
	${counts.map((name) => `${name} = known.${name} + excluded.${name}`).join(",\n\t")},
	cost_usd = case when known.cost_usd is null and excluded.cost_usd is null then null
		else coalesce(known.cost_usd, 0) + coalesce(excluded.cost_usd, 0) end`;

export class DatabaseUsage implements UsageStore {
	readonly #database: LateDatabase;

	constructor(database: LateDatabase) {
		this.#database = database;
	}

	async add(
		{ writer, sequence }: BatchId,
		rows: readonly UsageRow[],
	): Promise<void> {
		const database = await this.#database.get();
		await database.transaction(async (transaction) => {
			const isNew = await transaction.query(
				`insert into usage_writers as known (id, sequence) values ($1, $2::bigint)
				on conflict (id) do update set sequence = excluded.sequence, written_at = now()
				where known.sequence < excluded.sequence returning id`,
				[writer, sequence],
			);
			if (isNew.length === 0 || rows.length === 0) return;
			await transaction.query(addStatement, columnsOf(rows));
			await addTotals(transaction, rows);
			await transaction.query(
				`update api_keys set last_used_at = greatest(last_used_at, now())
				where id = any($1::text[])`,
				[[...new Set(rows.map(({ key }) => key))].sort()],
			);
		});
	}

	async totals(subjects: readonly string[]): Promise<Map<string, number>> {
		const database = await this.#database.get();
		const rows = await database.query<{ subject: string; cost_usd: number }>(
			"select subject, cost_usd from usage_totals where subject = any($1::text[])",
			[[...subjects]],
		);
		return new Map(rows.map(({ subject, cost_usd }) => [subject, cost_usd]));
	}
}

function columnsOf(rows: readonly UsageRow[]): SqlValue[] {
	const column = (value: (row: UsageRow) => string | number) =>
		rows.map((row) => String(value(row)));
	return [
		column(({ hour }) => hour),
		column(({ key }) => key),
		column(({ keyName }) => keyName),
		column(({ tenant }) => tenant),
		column(({ model }) => model),
		column(({ requests }) => requests),
		column(({ errors }) => errors),
		column(({ promptTokens }) => promptTokens),
		column(({ cachedTokens }) => cachedTokens),
		column(({ completionTokens }) => completionTokens),
		column(({ estimated }) => estimated),
		column(({ seconds }) => seconds),
		column(({ costUsd }) => costUsd ?? "NaN"),
	];
}

async function addTotals(
	transaction: Queryable,
	rows: readonly UsageRow[],
): Promise<void> {
	const totals = new Map<string, number>();
	for (const { key, tenant, costUsd } of rows) {
		if (costUsd === null || costUsd === 0) continue;
		for (const subject of [`key:${key}`, `tenant:${tenant}`])
			totals.set(subject, (totals.get(subject) ?? 0) + costUsd);
	}
	if (totals.size === 0) return;
	const sorted = [...totals].sort(([left], [right]) => (left < right ? -1 : 1));
	await transaction.query(
		`insert into usage_totals as known (subject, cost_usd)
		select * from unnest($1::text[], $2::text[]::double precision[])
		on conflict (subject) do update set cost_usd = known.cost_usd + excluded.cost_usd`,
		[
			sorted.map(([subject]) => subject),
			sorted.map(([, cost]) => String(cost)),
		],
	);
}
