import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "./database.ts";
import { KnowledgeBase } from "./knowledge/knowledge-base.ts";
import { migrate } from "./migrations/migrate.ts";
import { kinds } from "./testing/open-test-databases.ts";

const model = "test-embed";
const alice = { id: "key:alice" };
const bob = { id: "key:bob" };

/** A vector of four dimensions that points where its number says. */
function towards(angle: number): number[] {
	return [Math.cos(angle), Math.sin(angle), 0, 0];
}

function chunk(ordinal: number, text: string, angle: number) {
	return {
		ordinal,
		headings: ["Part"],
		text,
		tokens: 5,
		start: 0,
		end: text.length,
		vector: towards(angle),
	};
}

function documentOf(source: string, hash = source) {
	return { source, title: `About ${source}`, content: "…", contentHash: hash };
}

describe.each(kinds)("$kind", ({ open }) => {
	let database: Database;
	let base: KnowledgeBase;
	const collectionOf = (principal: { id: string }, name: string) =>
		base.collections.create(principal, {
			name,
			embeddingModel: model,
			dimensions: 4,
		});

	beforeAll(async () => {
		database = await open();
		base = new KnowledgeBase(database);
		await base.recover();
	}, 60_000);
	afterAll(() => database.close());

	test("values come back as they went", async () => {
		const [row] = await database.query(
			"select $1::text as text, $2::int as number, $3::text[] as list, $4::jsonb as json, $5::timestamptz as time, $6::boolean as flag",
			["a'b", 7, ["x", 'y"z'], '{"a":[1]}', new Date(1000), true],
		);
		expect(row).toEqual({
			text: "a'b",
			number: 7,
			list: ["x", 'y"z'],
			json: { a: [1] },
			time: new Date(1000),
			flag: true,
		});
	});

	test("a transaction that throws leaves nothing", async () => {
		await database.query("create table if not exists probe (n int)");
		await expect(
			database.transaction(async (transaction) => {
				await transaction.query("insert into probe values (1)");
				throw new Error("stop");
			}),
		).rejects.toThrow("stop");
		expect(await database.query("select * from probe")).toEqual([]);
	});

	test("transactions don't mix", async () => {
		await database.query("create table if not exists counter (n int)");
		await database.query("insert into counter values (0)");
		await Promise.all(
			Array.from({ length: 5 }, () =>
				database.transaction(async (transaction) => {
					const [row] = await transaction.query<{ n: number }>(
						"select n from counter for update",
					);
					await transaction.query("update counter set n = $1::int", [
						(row?.n ?? 0) + 1,
					]);
				}),
			),
		);
		expect(await database.query("select n from counter")).toEqual([{ n: 5 }]);
	});

	test("a query that was given up isn't run", async () => {
		await expect(
			database.query("select 1", [], { signal: AbortSignal.abort() }),
		).rejects.toMatchObject({ code: "client_closed" });
	});

	test("a migration runs once, and one that was changed is refused", async () => {
		const step = { name: "test-001", sql: "create table twice (n int);" };
		expect(await migrate(database, [step])).toEqual(["test-001"]);
		expect(await migrate(database, [step])).toEqual([]);
		await expect(
			migrate(database, [{ ...step, sql: "select 1" }]),
		).rejects.toThrow("another version");
	});

	test("words and meaning find a passage, and its facts come with it", async () => {
		const { id } = await collectionOf(alice, "animals");
		await base.write(alice, id, documentOf("https://a.example/cats"), [
			chunk(0, "Cats sleep for most of the day.", 0),
			chunk(1, "A whale's heart is as large as a car\0 \ud800.", 1.5),
		]);
		const [byWord] = await base.search(alice, { text: "whales", vector: null });
		expect(byWord).toMatchObject({
			title: "About https://a.example/cats",
			headings: ["Part"],
			similarity: null,
		});
		expect(byWord?.text).toContain("whale's heart");
		const [byMeaning] = await base.search(alice, {
			text: null,
			vector: { values: towards(0.1), model },
		});
		expect(byMeaning?.text).toContain("Cats sleep");
		expect(byMeaning?.similarity).toBeCloseTo(Math.cos(0.1), 5);
		expect(
			await base.search(alice, {
				text: null,
				vector: { values: towards(0), model: "another" },
			}),
		).toEqual([]);
	});

	test("the index finds what exact distances find", async () => {
		const search = (exactLimit: number) =>
			base.search(alice, {
				text: "sleep",
				vector: { values: towards(0.2), model },
				exactLimit,
			});
		const [exact, byIndex] = [await search(1000), await search(0)];
		expect(byIndex).toEqual(exact);
		expect(exact.length).toBeGreaterThan(1);
	});

	test("the score of words is BM25", async () => {
		const { id } = await collectionOf(alice, "bm25");
		const texts = ["zebra zebra zebra lion", "zebra lion lion", "lion", "crab"];
		for (const [index, text] of texts.entries())
			await base.write(alice, id, { ...documentOf(`t${index}`), title: "" }, [
				{ ...chunk(0, text, index), headings: [] },
			]);
		const found = await base.search(alice, {
			collectionIds: [id],
			text: "zebra crab",
			vector: null,
		});
		const average = (4 + 3 + 1 + 1) / 4;
		const bm25 = (n: number, length: number, having: number) =>
			(Math.log(1 + (4 - having + 0.5) / (having + 0.5)) * n * 2.2) /
			(n + 1.2 * (0.25 + (0.75 * length) / average));
		const wanted = { t0: bm25(3, 4, 2), t1: bm25(1, 3, 2), t3: bm25(1, 1, 1) };
		expect(found.length).toBe(3);
		for (const { source, wordScore } of found)
			expect(wordScore).toBeCloseTo(wanted[source as keyof typeof wanted], 5);
	});

	test("the count of a word that is read off its rank is exact", async () => {
		for (const n of [1, 2, 3, 10, 100, 250]) {
			const [row] = await database.query<{ n: number }>(
				`select round(1 / (1.64493406685 * (1 - ts_rank('{1,1,1,1}', to_tsvector('simple', $1), 'a'::tsquery)::float8)) - 0.5)::int as n`,
				["a b ".repeat(n)],
			);
			expect(row?.n).toBe(n);
		}
	});

	test("a document that comes again is left alone, a new one replaces it", async () => {
		const { id } = await collectionOf(alice, "again");
		const first = await base.write(alice, id, documentOf("s", "1"), [
			chunk(0, "old apples", 0),
			chunk(1, "old pears", 1),
		]);
		expect(
			await base.write(alice, id, documentOf("s", "1"), [chunk(0, "x", 0)]),
		).toEqual({ outcome: "unchanged", documentId: first.documentId });
		await base.write(alice, id, documentOf("s", "2"), [
			chunk(0, "new plums", 0),
		]);
		const search = (text: string) =>
			base.search(alice, { collectionIds: [id], text, vector: null });
		expect(await search("apples")).toEqual([]);
		expect(await search("plums")).toHaveLength(1);
		expect(await base.collections.get(alice, id)).toMatchObject({
			documentCount: 1,
			chunkCount: 1,
		});
		expect(await base.findFaults()).toEqual([]);
	});

	test("a write that was given up leaves the old document", async () => {
		const { id } = await collectionOf(alice, "given up");
		await base.write(alice, id, documentOf("s", "1"), [chunk(0, "stays", 0)]);
		const controller = new AbortController();
		const chunks = Array.from({ length: 6 }, (_, index) =>
			chunk(index, "goes", index),
		);
		Object.defineProperty(chunks[4], "text", {
			get: () => {
				controller.abort();
				return "goes";
			},
		});
		await expect(
			base.write(alice, id, documentOf("s", "2"), chunks, {
				batchSize: 2,
				signal: controller.signal,
			}),
		).rejects.toThrow();
		expect(await base.documents.bySource(alice, id, "s")).toMatchObject({
			contentHash: "1",
			chunkCount: 1,
		});
		expect(await base.findFaults()).toEqual([]);
	});

	test("filters by source and time", async () => {
		const { id } = await collectionOf(alice, "filters");
		for (const year of [2020, 2024])
			await base.write(
				alice,
				id,
				{
					...documentOf(`https://${year}.example/`),
					publishedAt: `${year}-01-01T00:00:00Z`,
				},
				[chunk(0, `news of ${year}`, year)],
			);
		const sources = async (filters: object, exactLimit: number) =>
			(
				await base.search(alice, {
					collectionIds: [id],
					text: "news",
					vector: { values: towards(0), model },
					filters,
					exactLimit,
				})
			).map(({ source }) => source);
		for (const exactLimit of [0, 1000]) {
			expect(
				await sources({ sourcePrefix: "https://2020" }, exactLimit),
			).toEqual(["https://2020.example/"]);
			expect(
				await sources({ publishedAfter: new Date("2022-01-01") }, exactLimit),
			).toEqual(["https://2024.example/"]);
		}
	});

	test("what isn't granted doesn't exist", async () => {
		const { id } = await collectionOf(alice, "private");
		await base.write(alice, id, documentOf("s"), [chunk(0, "secret", 0)]);
		const missing = { code: "not_found" };
		await expect(base.collections.get(bob, id)).rejects.toMatchObject(missing);
		await expect(
			base.write(bob, id, documentOf("t"), []),
		).rejects.toMatchObject(missing);
		await expect(base.collections.remove(bob, id)).rejects.toMatchObject(
			missing,
		);
		await expect(base.documents.remove(bob, id, "s")).rejects.toMatchObject(
			missing,
		);
		const search = {
			collectionIds: [id],
			text: "secret",
			vector: { values: towards(0), model },
		};
		expect(await base.search(bob, search)).toEqual([]);
		await base.collections.grant(alice, id, {
			grantee: bob.id,
			role: "reader",
		});
		expect(await base.search(bob, search)).toHaveLength(1);
		await expect(
			base.write(bob, id, documentOf("t"), []),
		).rejects.toMatchObject({ code: "permission_denied" });
		await base.collections.revoke(alice, id, bob.id);
		expect(await base.search(bob, search)).toEqual([]);
		await base.collections.remove(alice, id);
		expect(await base.search(alice, search)).toEqual([]);
		expect(await base.findFaults()).toEqual([]);
	});

	test("a name that is taken is refused, at the beginning and later", async () => {
		const { id } = await collectionOf(alice, "taken first");
		await collectionOf(alice, "taken second");
		const refused = { code: "invalid_request", param: "name" };
		await expect(collectionOf(alice, "taken first")).rejects.toMatchObject(
			refused,
		);
		for (const name of ["taken second", " "])
			await expect(
				base.collections.update(alice, id, { name }),
			).rejects.toMatchObject(refused);
		expect(
			await base.collections.update(alice, id, { name: "taken third" }),
		).toMatchObject({ name: "taken third" });
	});

	test("conversations, messages and ratings are their owner's alone", async () => {
		const { id } = await base.conversations.create(alice, "First");
		const [, answer] = await base.conversations.append(alice, id, [
			{ role: "user", content: "Why?" },
			{ role: "assistant", content: "So.", details: { citations: [1] } },
		]);
		await base.conversations.rate(alice, answer as string, 1);
		expect(await base.conversations.messages(alice, id)).toMatchObject([
			{ role: "user", rating: null },
			{ role: "assistant", details: { citations: [1] }, rating: 1 },
		]);
		expect(await base.conversations.get(alice, id)).toMatchObject({
			id,
			title: "First",
		});
		expect(await base.conversations.list(bob)).toEqual([]);
		for (const attempt of [
			() => base.conversations.get(bob, id),
			() => base.conversations.rate(bob, answer as string, null),
			() => base.conversations.messages(bob, id),
			() => base.conversations.append(bob, id, []),
			() => base.conversations.rate(bob, answer as string, -1),
			() => base.conversations.remove(bob, id),
		])
			await expect(attempt()).rejects.toMatchObject({ code: "not_found" });
		// Taken back, and twice is no error.
		for (const rating of [-1, null, null] as const) {
			await base.conversations.rate(alice, answer as string, rating);
			const [, rated] = await base.conversations.messages(alice, id);
			expect(rated?.rating).toBe(rating);
		}
	});
});
