import { Worker } from "node:worker_threads";
import { GalleyError } from "../../core/errors.ts";
import type {
	Database,
	Queryable,
	QueryOptions,
	SqlRow,
	SqlValue,
} from "../database.ts";
import { databaseClosed } from "../database-error.ts";
import { DirectoryLock } from "./directory-lock.ts";
import type {
	ThreadReply,
	ThreadRequest,
	ThreadSettings,
} from "./pglite-messages.ts";
import { TurnQueue } from "./turn-queue.ts";

type Request = ThreadRequest extends infer Kind
	? Kind extends { id: number }
		? Omit<Kind, "id">
		: never
	: never;

/** PGlite with pgvector in a directory, or in memory. */
export async function openEmbeddedDatabase(
	settings: ThreadSettings,
): Promise<Database> {
	const lock =
		settings.directory === null ? null : new DirectoryLock(settings.directory);
	lock?.acquire();
	const thread = new PgliteThread();
	try {
		await thread.ask({ kind: "open", settings });
	} catch (error) {
		await thread.terminate();
		lock?.release();
		throw new GalleyError(
			"invalid_configuration",
			`The database in ${settings.directory ?? "memory"} can't be opened: ${error instanceof Error ? error.message : error}. If its files are damaged, move the folder away; it is made anew at the next start.`,
			{ cause: error },
		);
	}
	return new EmbeddedDatabase(thread, lock);
}

class EmbeddedDatabase implements Database {
	readonly kind = "embedded";
	readonly #turns = new TurnQueue();
	readonly #thread: PgliteThread;
	readonly #lock: DirectoryLock | null;

	constructor(thread: PgliteThread, lock: DirectoryLock | null) {
		this.#thread = thread;
		this.#lock = lock;
	}

	query<Row = SqlRow>(
		sql: string,
		parameters: readonly SqlValue[] = [],
		{ signal }: QueryOptions = {},
	): Promise<Row[]> {
		return this.#turns.run(
			() => this.#thread.query<Row>(sql, parameters),
			signal,
		);
	}

	script(sql: string): Promise<void> {
		return this.#turns.run(async () => {
			await this.#thread.ask({ kind: "script", sql });
		});
	}

	transaction<Result>(
		work: (transaction: Queryable) => Promise<Result>,
		{ signal }: QueryOptions = {},
	): Promise<Result> {
		const thread = this.#thread;
		return this.#turns.run(async () => {
			let isOver = false;
			const transaction: Queryable = {
				async query(sql, parameters = []) {
					if (isOver) throw new Error("This transaction is over.");
					return thread.query(sql, parameters);
				},
			};
			await thread.query("begin", []);
			try {
				const result = await work(transaction);
				isOver = true;
				await thread.query("commit", []);
				return result;
			} catch (error) {
				isOver = true;
				await thread.query("rollback", []);
				throw error;
			}
		}, signal);
	}

	async close(): Promise<void> {
		await this.#turns.close();
		if (!this.#thread.isGone) await this.#thread.ask({ kind: "close" });
		await this.#thread.terminate();
		this.#lock?.release();
	}
}

class PgliteThread {
	readonly #worker = startWorker();
	readonly #asked = new Map<
		number,
		{ resolve: (rows: SqlRow[]) => void; reject: (reason: Error) => void }
	>();
	#lastId = 0;
	isGone = false;

	constructor() {
		this.#worker.on("message", (reply: ThreadReply) => {
			const asked = this.#asked.get(reply.id);
			this.#asked.delete(reply.id);
			if ("rows" in reply) asked?.resolve(reply.rows);
			else
				asked?.reject(
					Object.assign(new Error(reply.error.message), {
						code: reply.error.code,
					}),
				);
		});
		this.#worker.on("error", (error) => this.#fail(error));
		this.#worker.on("exit", () => this.#fail(databaseClosed()));
	}

	async query<Row>(
		sql: string,
		parameters: readonly SqlValue[],
	): Promise<Row[]> {
		const rows = await this.ask({
			kind: "query",
			sql,
			parameters: [...parameters],
		});
		return rows as Row[];
	}

	ask(request: Request): Promise<SqlRow[]> {
		if (this.isGone) return Promise.reject(databaseClosed());
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			this.#asked.set(id, { resolve, reject });
			this.#worker.postMessage({ id, ...request });
		});
	}

	async terminate(): Promise<void> {
		await this.#worker.terminate();
	}

	#fail(error: Error): void {
		this.isGone = true;
		for (const { reject } of this.#asked.values()) reject(error);
		this.#asked.clear();
	}
}

function startWorker(): Worker {
	const isSource = import.meta.url.endsWith(".ts");
	const file = `./pglite-thread.${isSource ? "ts" : "js"}`;
	const entry = new URL(file, import.meta.url);
	if (!isSource) return new Worker(entry, { execArgv: [] });
	// Runs from source (tests, development): a thread doesn't inherit the process's type stripping.
	const tsx = import.meta.resolve("tsx/esm/api");
	const start = `import("${tsx}").then(({ register }) => { register(); return import("${entry}"); })`;
	return new Worker(start, { eval: true, execArgv: [] });
}
