/** Writes the second version of a document, slowly enough to be killed: says `half` when a part of it is in the database. */
import { KnowledgeBase } from "../knowledge/knowledge-base.ts";
import { openDatabase } from "../open-database.ts";
import { testCacheDirectory } from "./open-test-databases.ts";

const [directory = "", collectionId = "", when = ""] = process.argv.slice(2);
const database = await openDatabase({
	directory,
	cacheDirectory: testCacheDirectory,
});
const base = new KnowledgeBase(database);
const chunks = Array.from({ length: 40 }, (_, ordinal) => ({
	ordinal,
	headings: [],
	text: `second version ${ordinal}`,
	tokens: 3,
	start: 0,
	end: 0,
	vector: [1, ordinal, 0, 0],
}));
const half = () => process.stdout.write("half\n");
if (when === "between")
	Object.defineProperty(chunks[20], "text", {
		get: () => {
			half();
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
		},
	});
if (when === "inside")
	await database.transaction(async (transaction) => {
		await transaction.query("delete from documents");
		await transaction.query("update collections set chunk_count = 99");
		half();
		await new Promise((resolve) => setTimeout(resolve, 60_000));
	});
await base.write(
	{ id: "key:alice" },
	collectionId,
	{ source: "s", title: "", content: "", contentHash: "2" },
	chunks,
	{ batchSize: 8 },
);
