import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { initialDirectory } from "../../store/embedded/initial-directory.ts";
import type { Database } from "../../store/index.ts";
import { migrate } from "../../store/migrations/migrate.ts";
import { openServerDatabase } from "../../store/server/server-database.ts";
import { testCacheDirectory } from "../../store/testing/open-test-databases.ts";
import { LateDatabase } from "../late-database.ts";
import { gatewayMigrations } from "../open-access.ts";

export interface SharedDatabase {
	url: string;
	/** One gateway's. */
	open(): LateDatabase;
	/** Nobody can reach it, as when a server is down. */
	isAway: boolean;
	close(): Promise<void>;
}

/**
 * A database server that several gateways use. With GALLEY_TEST_DATABASE_URL, a real one that is empty or was used by these tests
 * only, with connections of each gateway's own. Else PGlite behind PostgreSQL's protocol, with one connection for all: its
 * server mixes up the messages of several that talk at a time.
 */
export async function openSharedDatabase(): Promise<SharedDatabase> {
	const real = process.env.GALLEY_TEST_DATABASE_URL;
	const server = real === undefined ? await startPglite() : null;
	const url = real ?? server?.url ?? "";
	const open = async (maxConnections: number) => {
		const database = await openServerDatabase({ url, maxConnections });
		// The knowledge base's tables, which need pgvector, are nobody's here.
		await migrate(database, gatewayMigrations);
		return database;
	};
	const one = await open(1);
	const opened: LateDatabase[] = [];
	const shared: SharedDatabase = {
		url,
		isAway: false,
		open() {
			const late = new LateDatabase(async () =>
				unlessAway(
					real === undefined
						? { ...one, close: async () => {} }
						: await open(4),
					() => shared.isAway,
				),
			);
			opened.push(late);
			return late;
		},
		async close() {
			for (const late of opened) await late.close();
			await one.close();
			await server?.close();
		},
	};
	return shared;
}

async function startPglite() {
	const initial = await initialDirectory(testCacheDirectory);
	const pglite = await PGlite.create({
		extensions: { vector },
		loadDataDir: new Blob([new Uint8Array(initial)]),
	});
	const server = new PGLiteSocketServer({
		db: pglite,
		port: 0,
		maxConnections: 4,
	});
	await server.start();
	return {
		url: `postgres://postgres@${server.getServerConn()}/postgres?sslmode=disable`,
		async close() {
			await server.stop();
			await pglite.close();
		},
	};
}

function unlessAway(database: Database, isAway: () => boolean): Database {
	const check = () => {
		if (isAway()) throw new Error("connect ECONNREFUSED");
	};
	return {
		kind: database.kind,
		async query(...given) {
			check();
			return database.query(...given);
		},
		async transaction(...given) {
			check();
			return database.transaction(...given);
		},
		script: (sql) => database.script(sql),
		close: () => database.close(),
	};
}
