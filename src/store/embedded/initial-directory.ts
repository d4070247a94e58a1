import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants } from "node:zlib";

/**
 * `initdb` takes PGlite several seconds, unpacking what it made takes one: an initialised directory as a tar file of 1.7 MB
 * lies beside the built code (scripts/write-initial-database.mjs). Where none does, the first start keeps one for the next.
 */
export const initialDirectoryFile = "initial-directory.tar.br";

/** Beside this module in a build; in the folder for caches otherwise. */
export function initialDirectoryPaths(cacheDirectory: string | null): string[] {
	const paths = [join(import.meta.dirname, initialDirectoryFile)];
	if (cacheDirectory !== null)
		paths.push(join(cacheDirectory, initialDirectoryFile));
	return paths;
}

export async function readInitialDirectory(
	cacheDirectory: string | null,
): Promise<Blob | null> {
	const path = initialDirectoryPaths(cacheDirectory).find(existsSync);
	if (path === undefined) return null;
	const tar = await promisify(brotliDecompress)(await readFile(path));
	return new Blob([new Uint8Array(tar)]);
}

/** Keeps the directory of a database that was just made; written whole or not at all. */
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
