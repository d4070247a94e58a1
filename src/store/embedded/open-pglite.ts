import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import {
	initialDirectoryFile,
	readInitialDirectory,
	writeInitialDirectory,
} from "./initial-directory.ts";
import type { ThreadSettings } from "./pglite-messages.ts";

/**
 * Opens the directory, or makes it. It is made under another name and renamed when it is whole: a process that is killed
 * meanwhile leaves nothing that looks like a database.
 */
export async function openPglite({
	directory,
	cacheDirectory,
}: ThreadSettings): Promise<PGlite> {
	const [{ PGlite }, { vector }] = await Promise.all([
		import("@electric-sql/pglite"),
		import("@electric-sql/pglite-pgvector"),
	]);
	const extensions = { vector };
	if (directory !== null && existsSync(join(directory, "PG_VERSION")))
		return PGlite.create({ dataDir: directory, extensions });
	const initial = await readInitialDirectory(cacheDirectory);
	const loaded = initial === null ? {} : { loadDataDir: initial };
	if (directory === null) {
		const database = await PGlite.create({ extensions, ...loaded });
		if (initial === null) await keepInitial(database, cacheDirectory);
		return database;
	}
	const draft = `${directory}.new`;
	await rm(draft, { recursive: true, force: true });
	await mkdir(dirname(directory), { recursive: true });
	const making = await PGlite.create({ dataDir: draft, extensions, ...loaded });
	if (initial === null) await keepInitial(making, cacheDirectory);
	await making.close();
	await rm(directory, { recursive: true, force: true });
	await rename(draft, directory);
	return PGlite.create({ dataDir: directory, extensions });
}

async function keepInitial(
	database: PGlite,
	cacheDirectory: string | null,
): Promise<void> {
	if (cacheDirectory === null) return;
	const tar = await database.dumpDataDir("none");
	await writeInitialDirectory(
		new Uint8Array(await tar.arrayBuffer()),
		join(cacheDirectory, initialDirectoryFile),
		4,
	);
}
