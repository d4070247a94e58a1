import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "galley/store";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	expect,
	test,
} from "vitest";
import { openTestDatabase, openTestServer } from "./testing/test-server.ts";

let database: Database;
let folder: string;
beforeAll(async () => {
	database = await openTestDatabase();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "rag-prompts-"));
	await write("answer.md", "Answer like a pirate.");
	await write("rewrite.md", "Say it again.");
});
afterEach(() => rm(folder, { recursive: true }));

function write(name: string, text: string): Promise<void> {
	return writeFile(join(folder, name), text);
}

function start() {
	return openTestServer(database, { RAG_PROMPTS_DIR: folder });
}

test("prompts are files that people edit; a start reads what they say then", async () => {
	for (const text of ["Answer like a pirate.", "Answer like a notary."]) {
		await write("answer.md", text);
		const server = await start();
		try {
			expect(server.application.prompts).toEqual({
				answer: text,
				rewrite: "Say it again.",
			});
		} finally {
			await server.close();
		}
	}
});

test("one that is missing or empty is named, with what to do", async () => {
	await write("rewrite.md", " \n");
	await expect(start()).rejects.toMatchObject({
		name: "ConfigError",
		message: expect.stringMatching(/rewrite\.md is empty/),
	});
	await rm(join(folder, "answer.md"));
	await write("rewrite.md", "Say it again.");
	await expect(start()).rejects.toMatchObject({
		name: "ConfigError",
		message: expect.stringMatching(/answer\.md can't be read.*RAG_PROMPTS_DIR/),
	});
});
