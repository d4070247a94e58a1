import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KnowledgeBase } from "./knowledge/knowledge-base.ts";
import { openDatabase } from "./open-database.ts";
import { testCacheDirectory } from "./testing/open-test-databases.ts";

const alice = { id: "key:alice" };
let folder = "";
let collectionId = "";
const open = () =>
	openDatabase({
		directory: join(folder, "database"),
		cacheDirectory: testCacheDirectory,
	});

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "galley-store-"));
	const database = await open();
	const base = new KnowledgeBase(database);
	({ id: collectionId } = await base.collections.create(alice, {
		name: "c",
		embeddingModel: "m",
		dimensions: 4,
	}));
	await base.write(
		alice,
		collectionId,
		{ source: "s", title: "", content: "", contentHash: "1" },
		[
			{
				ordinal: 0,
				headings: [],
				text: "first version",
				tokens: 2,
				start: 0,
				end: 13,
				vector: [1, 0, 0, 0],
			},
		],
	);
	await database.close();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nothing: string[] = [];
const halfWritten = ["1 documents that are half written"];

test.each([
	["inside a transaction", "inside", [nothing]],
	// What was committed soon, not at once, may be there or not.
	["between transactions", "between", [nothing, halfWritten]],
	[
		"when another document was written after them",
		"beside another",
		[halfWritten],
	],
])(
	"a process killed %s leaves the old document, whole",
	async (_, when, allowed) => {
		const entry = join(import.meta.dirname, "testing/ingest-process.ts");
		const child = spawn(
			process.execPath,
			["--import", "tsx", entry, join(folder, "database"), collectionId, when],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		await once(child.stdout, "data");
		await expect(open()).rejects.toThrow(`Process ${child.pid} has`);
		child.kill("SIGKILL");
		await once(child, "exit");

		const database = await open();
		const base = new KnowledgeBase(database);
		expect(allowed).toContainEqual(await base.findFaults());
		expect(
			await base.search(alice, { text: "version", vector: null }),
		).toMatchObject([{ text: "first version" }]);
		await base.recover();
		expect(await base.findFaults()).toEqual([]);
		expect(
			await base.documents.bySource(alice, collectionId, "s"),
		).toMatchObject({ contentHash: "1", chunkCount: 1 });
		await database.close();
	},
	60_000,
);

test("commits are written out to the disk", async () => {
	const database = await open();
	try {
		expect(
			await database.query(
				"select name, setting from pg_settings where name in ('fsync', 'wal_sync_method') order by name",
			),
		).toEqual([
			{ name: "fsync", setting: "on" },
			{ name: "wal_sync_method", setting: "fsync" },
		]);
	} finally {
		await database.close();
	}
}, 60_000);
