/**
 * Puts an initialised database directory beside the built store, so that the first start of the embedded database takes a
 * second instead of ten. Runs after `tsc`; does nothing when it is there.
 */
import { existsSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import {
	initialDirectoryPaths,
	writeInitialDirectory,
} from "../dist/store/embedded/initial-directory.js";

const [path] = initialDirectoryPaths(null);
if (!existsSync(path)) {
	const database = await PGlite.create({ extensions: { vector } });
	const tar = await database.dumpDataDir("none");
	await database.close();
	await writeInitialDirectory(new Uint8Array(await tar.arrayBuffer()), path, 9);
}
