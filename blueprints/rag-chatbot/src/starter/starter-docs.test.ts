import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "galley/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";
import { StarterDocs, starterName } from "./starter-docs.ts";

let database: Database;
let server: TestServer;
let packageDirectory: string;

beforeAll(async () => {
	database = await openTestDatabase();
	server = await openTestServer(database, { RAG_API_KEYS: "alice:alice-key" });
	packageDirectory = await mkdtemp(join(tmpdir(), "rag-starter-"));
	await mkdir(join(packageDirectory, "docs", "decisions"), { recursive: true });
	await write("package.json", '{ "version": "1.0.0" }');
	await write("README.md", "# Galley\n\nServes models.");
	await write("docs/models.md", "# Models\n\nModels are named by references.");
	await write("docs/decisions/one.md", "# One\n\nIt was decided so.");
	await write("docs/picture.svg", "<svg/>");
}, 60_000);
afterAll(async () => {
	await server.close();
	await database.close();
	await rm(packageDirectory, { recursive: true });
});

function write(name: string, text: string): Promise<void> {
	return writeFile(join(packageDirectory, name), text);
}

function ensure(): Promise<void> {
	return new StarterDocs(server.application, {
		say: () => undefined,
		packageDirectory,
		waitMs: 1,
	}).ensure();
}

test("the documentation is there for everybody, waits for its service, follows the version, and stays deleted", async () => {
	const { base } = server.application;
	const alice = { id: "key:alice" };
	server.services.failures.push(503, 503);
	await ensure();
	const [collection] = await base.collections.list(alice);
	expect(collection).toMatchObject({
		name: starterName,
		role: "reader",
		documentCount: 2,
	});
	const asked = server.services.asked.length;
	await ensure();
	expect(server.services.asked).toHaveLength(asked);
	await write("docs/new.md", "# New\n\nSomething new in this version.");
	await write("package.json", '{ "version": "1.1.0" }');
	await ensure();
	expect((await base.collections.list(alice))[0]?.documentCount).toBe(3);
	await base.collections.remove({ id: "system:starter" }, collection?.id ?? "");
	await write("package.json", '{ "version": "1.2.0" }');
	await ensure();
	expect(await base.collections.list(alice)).toEqual([]);
});
