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
const chunk = (ordinal: number, text: string) => ({
	ordinal,
	headings: [],
	text,
	tokens: 3,
	start: 0,
	end: 0,
	vector: [1, ordinal, 0, 0],
});
const chunks = Array.from({ length: 200 }, (_, ordinal) =>
	chunk(ordinal, `second version ${ordinal}`),
);
const half = () => process.stdout.write("half\n");
const alice = { id: "key:alice" };
const stop = () => {
	half();
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
/** Once the first two transactions of the long document have ended, the third being written. */
const onThird = (act: () => void) =>
	Object.defineProperty(chunks[20], "text", {
		get: () => {
			act();
			return "second version 20";
		},
	});
if (when === "between") onThird(stop);
// Another document is written whole meanwhile: what it waits for on the disk has those two before it.
if (when === "beside another")
	onThird(() => {
		const other = { source: "t", title: "", content: "", contentHash: "1" };
		void base
			.write(alice, collectionId, other, [chunk(0, "another")])
			.then(stop);
	});
if (when === "inside")
	await database.transaction(async (transaction) => {
		await transaction.query("delete from documents");
		await transaction.query("update collections set chunk_count = 99");
		half();
		await new Promise((resolve) => setTimeout(resolve, 60_000));
	});
await base.write(
	alice,
	collectionId,
	{ source: "s", title: "", content: "", contentHash: "2" },
	chunks,
	{ batchSize: 8 },
);
