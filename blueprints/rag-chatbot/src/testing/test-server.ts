import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type Database, openDatabase } from "galley/store";
import { createServer } from "../api/create-server.ts";
import { type Application, openApplication } from "../application.ts";
import { type Config, readConfig } from "../config.ts";
import { ragMigrations } from "../knowledge/rag-migrations.ts";
import { FakeServices } from "./fake-services.ts";

export interface TestServer {
	app: FastifyInstance;
	application: Application;
	services: FakeServices;
	/** What went wrong in the background. */
	problems: unknown[];
	close(): Promise<void>;
}

/** Shared by the tests of a machine: what makes the embedded database quick to open. */
export const testCacheDirectory = join(tmpdir(), "galley-store-tests");

export function openTestDatabase(): Promise<Database> {
	return openDatabase({
		cacheDirectory: testCacheDirectory,
		migrations: ragMigrations,
	});
}

export async function openTestServer(
	database: Database,
	environment: Record<string, string> = {},
	change: Partial<Config> = {},
): Promise<TestServer> {
	const services = await FakeServices.open();
	const directory = await mkdtemp(join(tmpdir(), "rag-test-"));
	const config: Config = {
		...readConfig({
			RAG_DATA_DIR: directory,
			RAG_LOG_LEVEL: "silent",
			CRAWL_DELAY_MS: "0",
			READING_WAIT_SECONDS: "0",
			CHUNK_TOKENS: "60",
			CHUNK_OVERLAP: "10",
			// The fakes are no starter models.
			CHAT_MODEL: "chat",
			RERANK_MODEL: "rerank",
			...environment,
		}),
		chat: services.endpoint("chat"),
		embedding: services.endpoint("embed"),
		rerank: services.endpoint("rerank"),
		...change,
	};
	const problems: unknown[] = [];
	const application = await openApplication(config, {
		database,
		onProblem: (problem) => problems.push(problem),
	});
	const app = await createServer(application);
	await app.ready();
	const close = async () => {
		await app.close();
		await application.close();
		await services.close();
		await rm(directory, { recursive: true });
	};
	return { app, application, services, problems, close };
}
