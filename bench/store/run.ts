/**
 * Hybrid search of the embedded database against the raw index query beside it, and its recall against exact distances.
 *
 *     npx tsx bench/store/run.ts [--chunks 100000] [--questions 200] [--data DIRECTORY]
 *
 * With `--data` the database stays, and the next run measures it again instead of writing it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Database } from "../../src/store/database.ts";
import { KnowledgeBase } from "../../src/store/knowledge/knowledge-base.ts";
import {
	ensureVectorIndex,
	vectorText,
} from "../../src/store/knowledge/vector-index.ts";
import { openDatabase } from "../../src/store/open-database.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { Corpus } from "./corpus.ts";

const { values: given } = parseArgs({
	options: {
		chunks: { type: "string", default: "100000" },
		questions: { type: "string", default: "200" },
		data: { type: "string" },
	},
});
const chunkCount = Number(given.chunks);
const questionCount = Number(given.questions);
const dimensions = 256;
const chunksPerDocument = 500;
const principal = { id: "bench" };
const environment = describeEnvironment();
const folder = given.data ?? mkdtempSync(join(tmpdir(), "galley-bench-store-"));
const url = process.env.GALLEY_DATABASE_URL ?? null;

const database = await openDatabase({
	url,
	directory: join(folder, "database"),
	cacheDirectory: join(tmpdir(), "galley-store-tests"),
});
try {
	await measure(database);
} finally {
	await database.close();
	if (given.data === undefined) rmSync(folder, { recursive: true });
}

async function measure(database: Database) {
	const base = new KnowledgeBase(database);
	const corpus = new Corpus({ seed: 7, topics: 1000, dimensions });
	const building = await fill(database, base, corpus);
	corpus.continueFrom(11);
	const times: Record<string, number[]> = { raw: [], words: [], hybrid: [] };
	const timed = async <Result>(name: string, work: () => Promise<Result>) => {
		const start = performance.now();
		const result = await work();
		times[name]?.push(performance.now() - start);
		return result;
	};
	let found = 0;
	let foundRaw = 0;
	for (let index = 0; index < questionCount + 10; index++) {
		const { text, vector: values } = corpus.question();
		const vector = { values, model: "bench" };
		const raw = await timed("raw", () => nearest(database, values, true));
		await timed("words", () =>
			base.search(principal, { text, vector: null, limit: 10 }),
		);
		await timed("hybrid", () =>
			base.search(principal, { text, vector, limit: 10 }),
		);
		// The first ones read the pages that later ones find in memory.
		if (index === 9) for (const list of Object.values(times)) list.length = 0;
		if (index >= 60) continue;
		const exact = new Set(await nearest(database, values, false));
		const ours = await base.search(principal, {
			text: null,
			vector,
			limit: 10,
		});
		found += ours.filter(({ chunkId }) => exact.has(chunkId)).length;
		foundRaw += raw.filter((id) => exact.has(id)).length;
	}
	const judged = 10 * Math.min(60, questionCount + 10);
	const row = (name: string) => [
		name,
		quantile(times[name] ?? [], 0.5).toFixed(1),
		quantile(times[name] ?? [], 0.95).toFixed(1),
	];
	const ratio =
		quantile(times.hybrid ?? [], 0.5) / quantile(times.raw ?? [], 0.5);
	const path = writeResult(
		join(import.meta.dirname, "../results"),
		{ suite: "store", title: "Hybrid search in the store", environment },
		{
			conditions: [
				`${chunkCount} chunks of ${dimensions} dimensions in 1,000 clusters, 60 words each by Zipf's law; ${questionCount} questions of 5 words; ${database.kind} database; one at a time.`,
				"Raw is the bare index query for ten ids on the same database.",
			],
			tables: [
				{
					title: "Milliseconds of a search",
					head: ["search", "p50", "p95"],
					rows: ["raw", "words", "hybrid"].map(row),
				},
				{
					title: "Rest",
					head: ["figure", "value"],
					rows: [
						["hybrid / raw, p50", ratio.toFixed(2)],
						["recall@10 of the vector half", (found / judged).toFixed(3)],
						["recall@10 of raw", (foundRaw / judged).toFixed(3)],
						...(building === null
							? []
							: [
									["writing, s", (building.writeMs / 1000).toFixed(1)],
									[
										"building the index, s",
										(building.indexMs / 1000).toFixed(1),
									],
								]),
					],
				},
			],
			notes: [],
			data: { times, found, foundRaw, judged, building },
		},
	);
	process.stdout.write(`${path}\n`);
}

interface Building {
	writeMs: number;
	indexMs: number;
}

/** Null when the database has been written by an earlier run. */
async function fill(
	database: Database,
	base: KnowledgeBase,
	corpus: Corpus,
): Promise<Building | null> {
	const [counted] = await database.query<{ count: number }>(
		"select count(*)::int as count from chunk_vectors",
	);
	if ((counted?.count ?? 0) >= chunkCount) return null;
	const collection = await base.collections.create(principal, {
		name: `bench ${Date.now()}`,
		embeddingModel: "bench",
		dimensions,
	});
	// Built at the end: that is quicker than to insert one by one, and what a restored dump does too.
	await database.query(`drop index if exists chunk_vectors_hnsw_${dimensions}`);
	let startedAt = performance.now();
	for (let written = 0; written < chunkCount; written += chunksPerDocument) {
		const chunks = Array.from({ length: chunksPerDocument }, (_, ordinal) => ({
			...corpus.chunk(60),
			ordinal,
			headings: [],
			tokens: 60,
			start: 0,
			end: 0,
		}));
		const source = `bench:${written}`;
		await base.write(
			principal,
			collection.id,
			{ source, title: "", content: "", contentHash: source },
			chunks,
			{ batchSize: chunksPerDocument },
		);
		if (written % 10_000 === 0) say(`${written} chunks written`, startedAt);
	}
	const writeMs = performance.now() - startedAt;
	startedAt = performance.now();
	await database.query("set maintenance_work_mem = '256MB'");
	await ensureVectorIndex(database, dimensions);
	const indexMs = performance.now() - startedAt;
	say("index built", startedAt);
	startedAt = performance.now();
	await database.query(
		"select gin_clean_pending_list('chunk_words_words'::regclass)",
	);
	for (const table of ["chunk_words", "chunk_vectors", "documents"])
		await database.query(`analyze ${table}`);
	say("analysed", startedAt);

	return { writeMs, indexMs };
}

async function nearest(
	database: Database,
	values: Float32Array,
	byIndex: boolean,
): Promise<string[]> {
	const distance = `embedding::vector(${dimensions}) <=> $1::vector(${dimensions})`;
	const rows = await database.query<{ id: string }>(
		byIndex
			? `select chunk_id::text as id from chunk_vectors where dimensions = ${dimensions} order by ${distance} limit 10`
			: `select chunk_id::text as id from (select chunk_id, ${distance} as d from chunk_vectors offset 0) a order by d limit 10`,
		[vectorText(values)],
	);
	return rows.map(({ id }) => id);
}

function quantile(values: readonly number[], part: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

function say(what: string, startedAt: number) {
	process.stderr.write(
		`${what}, ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`,
	);
}
