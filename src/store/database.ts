/** What a statement may be given: what both PGlite and pg send alike. Structures travel as JSON text, vectors as `[1,2]`. */
export type SqlValue = string | number | boolean | null | Date | string[];

export type SqlRow = Record<string, unknown>;

export interface QueryOptions {
	/** Given up while it waits for its turn; on a server also while it runs. */
	signal?: AbortSignal | undefined;
}

/** Runs statements: a database, or one transaction of it. */
export interface Queryable {
	/** One statement; parameters are `$1`, `$2` ... */
	query<Row = SqlRow>(
		sql: string,
		parameters?: readonly SqlValue[],
		options?: QueryOptions,
	): Promise<Row[]>;
}

/**
 * SQL on an embedded PostgreSQL (PGlite) or a server. Statements outside of a transaction may run at the same time on a
 * server; the embedded database runs one at a time, so that keep transactions short: everybody waits for them.
 */
export interface Database extends Queryable {
	readonly kind: "embedded" | "server";
	/** Commits what `work` did, or nothing when it throws. `work` uses only what it is handed. */
	transaction<Result>(
		work: (transaction: Queryable) => Promise<Result>,
		options?: QueryOptions,
	): Promise<Result>;
	/** Several statements in one text, without parameters; for migrations. */
	script(sql: string): Promise<void>;
	/** Waits for what runs, refuses what comes later. */
	close(): Promise<void>;
}

/** The only row of an answer. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
	const [row] = rows;
	if (row === undefined || rows.length > 1)
		throw new Error(`Expected one row, got ${rows.length}.`);
	return row;
}
