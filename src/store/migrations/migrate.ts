import { createHash } from "node:crypto";
import { GalleyError } from "../../core/errors.ts";
import type { Database, Queryable } from "../database.ts";

/** A step that was released is never changed; what comes later is a new step. */
export interface Migration {
	/** `knowledge-001`: the part of the schema, and its place among the steps of that part. */
	name: string;
	/** Several statements; runs on PostgreSQL 15 and later, and on PGlite. */
	sql: string;
}

/** "galley" in ASCII: whoever else uses advisory locks in this database takes other numbers. */
const lockKey = 113_651_929_015_673;

/**
 * Runs the steps that this database hasn't had yet, each in one transaction with the note that it ran. Processes that start
 * together wait for each other.
 */
export async function migrate(
	database: Database,
	migrations: readonly Migration[],
): Promise<string[]> {
	// "If not exists" fails, too, when two processes find at the same time that it doesn't.
	await database.transaction(async (transaction) => {
		await lock(transaction);
		await transaction.query(
			`create table if not exists schema_migrations (
				name text primary key,
				digest text not null,
				applied_at timestamptz not null default now()
			)`,
		);
	});
	const applied: string[] = [];
	for (const migration of migrations)
		if (await applyOnce(database, migration)) applied.push(migration.name);
	return applied;
}

function applyOnce(database: Database, { name, sql }: Migration) {
	const digest = createHash("sha256").update(sql).digest("hex");
	return database.transaction(async (transaction) => {
		await lock(transaction);
		const [known] = await transaction.query<{ digest: string }>(
			"select digest from schema_migrations where name = $1",
			[name],
		);
		if (known?.digest === digest) return false;
		if (known !== undefined)
			throw new GalleyError(
				"invalid_configuration",
				`The database was made by another version of Galley: step ${name} of its schema differs. Use the version that made it, or another database.`,
			);
		for (const statement of statementsOf(sql))
			await transaction.query(statement);
		await transaction.query(
			"insert into schema_migrations (name, digest) values ($1, $2)",
			[name, digest],
		);
		return true;
	});
}

/** Until the transaction ends. */
async function lock(transaction: Queryable): Promise<void> {
	await transaction.query("select pg_advisory_xact_lock($1::bigint)", [
		String(lockKey),
	]);
}

/** Statements end with a semicolon at the end of a line; none of ours has one inside. */
export function statementsOf(sql: string): string[] {
	return sql
		.split(/;\s*(?:\n|$)/)
		.map((statement) => statement.trim())
		.filter((statement) => statement !== "");
}
