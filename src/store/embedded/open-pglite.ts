import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { DurableFiles, durableParameters, writeOut } from "./durable-files.ts";
import { initialDirectory } from "./initial-directory.ts";
import type { ThreadSettings } from "./pglite-messages.ts";
import { unpackTar } from "./tar-archive.ts";

export interface OpenedPglite {
	database: PGlite;
	/** Over when a directory that was just made is on the disk; what opened it doesn't wait. */
	written: Promise<void>;
}

/** Opens the directory, or makes it. */
export async function openPglite({
	directory,
	cacheDirectory,
}: ThreadSettings): Promise<OpenedPglite> {
	const [{ PGlite }, { vector }] = await Promise.all([
		import("@electric-sql/pglite"),
		import("@electric-sql/pglite-pgvector"),
	]);
	const extensions = { vector };
	if (directory === null) {
		const tar = await initialDirectory(cacheDirectory);
		const loadDataDir = new Blob([new Uint8Array(tar)]);
		const database = await PGlite.create({ extensions, loadDataDir });
		return { database, written: Promise.resolve() };
	}
	const isNew = !existsSync(join(directory, "PG_VERSION"));
	const paths = isNew ? await makeDirectory(directory, cacheDirectory) : [];
	const database = await PGlite.create({
		fs: new DurableFiles(directory),
		extensions,
		startParams: durableParameters(PGlite.defaultStartParams),
	});
	const written = writeOut(paths);
	// Whoever closes the database hears of it.
	written.catch(() => undefined);
	return { database, written };
}

/** Under another name until it is whole: a process that is killed meanwhile leaves nothing that looks like a database. */
async function makeDirectory(
	directory: string,
	cacheDirectory: string | null,
): Promise<string[]> {
	const draft = `${directory}.new`;
	await rm(draft, { recursive: true, force: true });
	await mkdir(dirname(directory), { recursive: true });
	const paths = unpackTar(await initialDirectory(cacheDirectory), draft);
	await rm(directory, { recursive: true, force: true });
	await rename(draft, directory);
	return [
		dirname(directory),
		...paths.map((path) => join(directory, path.slice(draft.length))),
	];
}
