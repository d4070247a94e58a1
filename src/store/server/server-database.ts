import { GalleyError } from "../../core/errors.ts";
import type {
	Database,
	Queryable,
	QueryOptions,
	SqlRow,
	SqlValue,
} from "../database.ts";
import {
	abortReason,
	databaseClosed,
	sqlStateOf,
	sqlStates,
} from "../database-error.ts";
import { sessionSettings } from "../session-settings.ts";

export interface ServerSettings {
	/** `postgres://user:password@host:5432/galley?sslmode=require` */
	url: string;
	/** Connections at a time. */
	maxConnections?: number;
	/** The server gives up on a statement after this long. */
	statementTimeoutMs?: number;
	connectTimeoutMs?: number;
}

type Client = import("pg").PoolClient;

/** PostgreSQL with pgvector. */
export async function openServerDatabase({
	url,
	maxConnections = 10,
	statementTimeoutMs = 60_000,
	connectTimeoutMs = 10_000,
}: ServerSettings): Promise<Database> {
	const { default: pg } = await import("pg");
	const pool = new pg.Pool({
		connectionString: url,
		max: maxConnections,
		connectionTimeoutMillis: connectTimeoutMs,
		statement_timeout: statementTimeoutMs,
		application_name: "galley",
	});
	// A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
	pool.on("error", () => undefined);
	// Statements of one connection run in the order in which they were sent: this one is before any other.
	pool.on("connect", (client) => {
		client.query(sessionSettings).catch(() => undefined);
	});
	let isClosed = false;

	const withClient = async <Result>(
		work: (client: Client) => Promise<Result>,
		signal: AbortSignal | undefined,
	): Promise<Result> => {
		if (isClosed) throw databaseClosed();
		if (signal?.aborted === true) throw abortReason(signal);
		const client = await pool.connect().catch((error: unknown) => {
			throw new GalleyError(
				"engine_unavailable",
				`The database at ${withoutPassword(url)} can't be reached: ${error instanceof Error ? error.message : error}. Check GALLEY_DATABASE_URL and that the server runs.`,
				{ cause: error, retryAfterSeconds: 5 },
			);
		});
		let isBroken = false;
		// The pool listens while a connection is idle only: one that breaks between two statements would end the process.
		const onBroken = () => {
			isBroken = true;
		};
		client.on("error", onBroken);
		const cancel = () => {
			const { processID } = client as unknown as { processID: number };
			// By another connection; when it comes too late there is nothing to cancel and nothing to report.
			pool
				.query("select pg_cancel_backend($1)", [processID])
				.catch(() => undefined);
		};
		signal?.addEventListener("abort", cancel, { once: true });
		try {
			return await work(client);
		} catch (error) {
			if (hasAborted(signal) && sqlStateOf(error) === sqlStates.queryCancelled)
				throw abortReason(signal);
			isBroken ||=
				sqlStateOf(error) === null && !(error instanceof GalleyError);
			throw error;
		} finally {
			signal?.removeEventListener("abort", cancel);
			client.off("error", onBroken);
			client.release(isBroken);
		}
	};

	const run = async <Row>(
		client: Client,
		sql: string,
		parameters: readonly SqlValue[],
	): Promise<Row[]> => {
		const { rows } = await client.query(sql, [...parameters]);
		return rows as Row[];
	};

	return {
		kind: "server",
		query: <Row = SqlRow>(
			sql: string,
			parameters: readonly SqlValue[] = [],
			{ signal }: QueryOptions = {},
		) => withClient((client) => run<Row>(client, sql, parameters), signal),
		script: (sql) =>
			withClient(async (client) => {
				await client.query(sql);
			}, undefined),
		transaction: <Result>(
			work: (transaction: Queryable) => Promise<Result>,
			{ signal }: QueryOptions = {},
		) =>
			withClient(async (client) => {
				let isOver = false;
				const transaction: Queryable = {
					async query(sql, parameters = []) {
						if (isOver) throw new Error("This transaction is over.");
						return run(client, sql, parameters);
					},
				};
				await client.query("begin");
				try {
					const result = await work(transaction);
					isOver = true;
					await client.query("commit");
					return result;
				} catch (error) {
					isOver = true;
					// Where that can't be said any more the server does it by itself.
					await client.query("rollback").catch(() => undefined);
					throw error;
				}
			}, signal),
		async close() {
			if (isClosed) return;
			isClosed = true;
			await pool.end();
		},
	};
}

/** A function, because it may have happened since the check at the start, which the compiler takes for settled. */
function hasAborted(signal: AbortSignal | undefined): signal is AbortSignal {
	return signal?.aborted === true;
}

function withoutPassword(url: string): string {
	return URL.canParse(url)
		? `${new URL(url).host}${new URL(url).pathname}`
		: "an address that isn't a URL";
}
