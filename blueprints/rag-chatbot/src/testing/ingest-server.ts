/** A server in a process of its own, to be killed: says where it listens. The environment is the configuration. */
import { join } from "node:path";
import { openDatabase } from "galley/store";
import { createServer } from "../api/create-server.ts";
import { openApplication } from "../application.ts";
import { readConfig } from "../config.ts";
import { ragMigrations } from "../knowledge/rag-migrations.ts";
import { testCacheDirectory } from "./test-server.ts";

const config = readConfig(process.env);
const database = await openDatabase({
	url: config.databaseUrl,
	directory: join(config.dataDirectory, "database"),
	cacheDirectory: testCacheDirectory,
	migrations: ragMigrations,
});
const application = await openApplication(config, {
	database,
	onProblem: (problem, what) => {
		process.stderr.write(`${what}: ${String(problem)}\n`);
	},
});
const app = await createServer(application);
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${address}\n`);
