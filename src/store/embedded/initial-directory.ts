import { existsSync, readFileSync } from "node:fs";
import {
	mkdir,
	mkdtemp,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants } from "node:zlib";
import { packTar } from "./tar-archive.ts";

/**
 * `initdb` takes PGlite seconds, unpacking what it made a fraction of one: an initialised directory lies beside the built
 * code as a tar of 1.8 MB (scripts/write-initial-database.mjs). Where none does, the first start keeps one for the next.
 */
export function initialDirectoryPath(
	folder: string = import.meta.dirname,
): string {
	return join(folder, `pglite-${pgliteVersion()}.tar.br`);
}

/** Another version may be another PostgreSQL, which can't open what this one made. */
function pgliteVersion(): string {
	const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
	const facts = readFileSync(join(dirname(entry), "../package.json"), "utf8");
	return (JSON.parse(facts) as { version: string }).version;
}

/** The tar; made, and kept in the folder for caches, where there is none. */
export async function initialDirectory(
	cacheDirectory: string | null,
): Promise<Uint8Array> {
	const cached =
		cacheDirectory === null ? null : initialDirectoryPath(cacheDirectory);
	for (const path of [initialDirectoryPath(), cached])
		if (path !== null && existsSync(path))
			return promisify(brotliDecompress)(await readFile(path));
	const tar = await makeInitialDirectory();
	if (cached !== null) await writeInitialDirectory(tar, cached, 4);
	return tar;
}

/** A database with the extension, shut down: opening it has nothing to repair. */
export async function makeInitialDirectory(): Promise<Uint8Array> {
	const [{ PGlite }, { vector }] = await Promise.all([
		import("@electric-sql/pglite"),
		import("@electric-sql/pglite-pgvector"),
	]);
	const draft = await mkdtemp(join(tmpdir(), "galley-initdb-"));
	try {
		const dataDir = join(draft, "database");
		const database = await PGlite.create({ dataDir, extensions: { vector } });
		await database.exec("create extension vector");
		await database.close();
		return packTar(dataDir);
	} finally {
		await rm(draft, { recursive: true, force: true });
	}
}

/** Written whole or not at all. */
export async function writeInitialDirectory(
	tar: Uint8Array,
	path: string,
	quality: number,
): Promise<void> {
	const packed = await promisify(brotliCompress)(tar, {
		params: {
			[constants.BROTLI_PARAM_QUALITY]: quality,
			// The three databases in it are nearly alike: the window spans from one to the next.
			[constants.BROTLI_PARAM_LGWIN]: 24,
		},
	});
	await mkdir(dirname(path), { recursive: true });
	const draft = `${path}.${process.pid}`;
	try {
		await writeFile(draft, packed);
		await rename(draft, path);
	} finally {
		await rm(draft, { force: true });
	}
}
