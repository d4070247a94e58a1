import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import pg from "pg";
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
 * The server path over a real socket: PGlite speaks PostgreSQL's protocol. With GALLEY_TEST_DATABASE_URL, a database of
 * its own on a real server: the URL's user must be allowed to create databases, and pgvector must be installed there.
 */
export async function openServer(): Promise<Database> {
	const url = process.env.GALLEY_TEST_DATABASE_URL;
	if (url !== undefined) return openOnServer(url);
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

async function openOnServer(url: string): Promise<Database> {
	const name = `galley_test_${randomUUID().replaceAll("-", "")}`;
	const administrator = new pg.Client({ connectionString: url });
	await administrator.connect();
	await administrator.query(`create database ${name}`);
	const own = new URL(url);
	own.pathname = name;
	const database = await openDatabase({ url: own.href });
	const close = database.close.bind(database);
	database.close = async () => {
		await close();
		await administrator.query(`drop database ${name}`);
		await administrator.end();
	};
	return database;
}

export const kinds = [
	{ kind: "embedded", open: () => openEmbedded() },
	{ kind: "server", open: openServer },
];
