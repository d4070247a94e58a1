import type { Database } from "./database.ts";
import { openEmbeddedDatabase } from "./embedded/embedded-database.ts";
import { knowledgeMigrations } from "./knowledge/knowledge-migrations.ts";
import { type Migration, migrate } from "./migrations/migrate.ts";
import {
	openServerDatabase,
	type ServerSettings,
} from "./server/server-database.ts";
import { sessionSettings } from "./session-settings.ts";

export interface DatabaseSettings extends Omit<ServerSettings, "url"> {
	/** A PostgreSQL with pgvector, as in `GALLEY_DATABASE_URL`; without it the database is embedded. */
	url?: string | null;
	/** Folder of the embedded database; null keeps it in memory. */
	directory?: string | null;
	/** Where the embedded database keeps what makes the next first start quick; null for nowhere. */
	cacheDirectory?: string | null;
	/** Tables of the application, after those of the knowledge base. */
	migrations?: readonly Migration[];
}

/** Opens the database and brings its tables up to date. */
export async function openDatabase({
	url = null,
	directory = null,
	cacheDirectory = null,
	migrations = [],
	...server
}: DatabaseSettings): Promise<Database> {
	const database =
		url === null
			? await openEmbeddedDatabase({ directory, cacheDirectory })
			: await openServerDatabase({ ...server, url });
	try {
		if (database.kind === "embedded") await database.script(sessionSettings);
		await migrate(database, [...knowledgeMigrations, ...migrations]);
		return database;
	} catch (error) {
		await database.close();
		throw error;
	}
}
