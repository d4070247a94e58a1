import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import type { Database } from "../database.ts";
import { initialDirectory } from "../embedded/initial-directory.ts";
import type { Migration } from "../migrations/migrate.ts";
import { openDatabase } from "../open-database.ts";

/** Initialised directories of earlier runs: the first test on a machine makes one. */
export const testCacheDirectory = join(tmpdir(), "galley-store-tests");

export async function openEmbedded(
	migrations: readonly Migration[] = [],
): Promise<Database> {
	return openDatabase({ cacheDirectory: testCacheDirectory, migrations });
}

/**
 * The server path over a real socket: PGlite speaks PostgreSQL's protocol. With GALLEY_TEST_DATABASE_URL, a real server
 * whose database is empty or has been used by these tests only.
 */
export async function openServer(): Promise<Database> {
	const url = process.env.GALLEY_TEST_DATABASE_URL;
	if (url !== undefined) return openDatabase({ url });
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
	const database = await openDatabase({
		url: `postgres://postgres@${server.getServerConn()}/postgres?sslmode=disable`,
		maxConnections: 2,
	});
	const close = database.close.bind(database);
	database.close = async () => {
		await close();
		await server.stop();
		await pglite.close();
	};
	return database;
}

export const kinds = [
	{ kind: "embedded", open: () => openEmbedded() },
	{ kind: "server", open: openServer },
];
