/**
 * `npm run bench -- rag-stages [--chunks N] [--questions N] [--data DIRECTORY] [--chatbot FILE] [--galley FILE] [--out DIRECTORY]`
 * Time to the first token of a RAG answer, stage by stage: the chatbot's own process, the three starter services, and the
 * embedded database with a site of that many chunks in it. One question at a time, with and without reranking in turn.
 * Reading the site takes minutes: with --data it is kept, and read only once; --questions 0 does nothing else.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { median, percentile } from "../../src/benchmark/statistics.ts";
import { CpuWatch } from "../harness/cpu-watch.ts";
import { describeEnvironment } from "../harness/environment.ts";
import { writeResult } from "../harness/result.ts";
import { ServerFleet, type ServerProcess } from "../harness/server-process.ts";
import { percent } from "../harness/undisturbed.ts";
import {
	askChatbot,
	chatbotMain,
	createCollection,
	galleyMain,
	startChatbot,
	starterModel,
	startService,
	startSite,
} from "../ingest/chatbot-fleet.ts";
import { readMetrics } from "../ingest/read-metrics.ts";
import { pageNames } from "../ingest/site-page.ts";
import { askStreaming, type Timed } from "./ask-streaming.ts";

/** What the generated pages come to. */
const chunksOfPage = 8;
const warmUps = 8;
const variants = ["without reranking", "with reranking"] as const;
const limitMs: Record<Variant, number> = {
	"without reranking": 40,
	"with reranking": 150,
};
const stages = ["rewrite", "embed", "search", "rerank", "pack"] as const;

type Variant = (typeof variants)[number];
type Measured = Record<Variant, Timed[]>;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			chunks: { type: "string", default: "10000" },
			questions: { type: "string", default: "60" },
			data: { type: "string" },
			chatbot: { type: "string", default: chatbotMain },
			galley: { type: "string", default: galleyMain },
			out: {
				type: "string",
				default: fileURLToPath(new URL("../results", import.meta.url)),
			},
		},
	});
	if (!existsSync(values.galley))
		throw new Error(`There is no ${values.galley}: run npm run build.`);
	const environment = describeEnvironment();
	const wanted = Number(values.chunks);
	const pages = Math.ceil(wanted / chunksOfPage);
	const data = values.data ?? mkdtempSync(join(tmpdir(), "galley-bench-"));
	process.env.GALLEY_DATA_DIR = join(data, "galley");
	try {
		await using fleet = new ServerFleet();
		const start = (name: string, flags: readonly string[]) =>
			startService(fleet, values.galley, starterModel(name), flags);
		const site = await startSite(fleet, pages);
		const embedding = await start("starter-embed", ["--grpc-port", "off"]);
		const rerank = await start("starter-rerank", ["--grpc-port", "off"]);
		const chat = await start("starter-chat", []);
		const chatbot = await startChatbot(fleet, values.chatbot, {
			dataDirectory: data,
			allowedHost: new URL(site.url).host,
			settings: {
				CHAT_URL: `${chat.url}/v1`,
				EMBEDDING_URL: `${embedding.url}/v1`,
				RERANK_URL: `${rerank.url}/v1`,
				INGEST_CONCURRENCY: "8",
			},
		});
		const chunks = await fill(site, chatbot, pages, wanted);
		if (Number(values.questions) === 0) return;
		const services = [embedding, rerank, chat, chatbot];
		const watch = new CpuWatch(...services.map(({ pid }) => pid));
		const measured = await ask(chatbot, Number(values.questions), pages);
		const path = report(values.out, environment, {
			chunks,
			measured,
			foreignShare: watch.foreignShare(),
		});
		console.log(`\n${readFileSync(path, "utf8")}\n${path}`);
	} finally {
		if (values.data === undefined)
			rmSync(data, { recursive: true, force: true });
	}
}

/** Reads the site into a collection, unless that was done before; the number of chunks. */
async function fill(
	site: ServerProcess,
	chatbot: ServerProcess,
	pages: number,
	wanted: number,
): Promise<number> {
	const { collections } = await askChatbot<{
		collections: { name: string; chunks: number }[];
	}>(chatbot, "/v1/collections");
	const kept = collections.find(({ name }) => name === "site");
	if (kept !== undefined) return kept.chunks;
	const id = await createCollection(chatbot, "site");
	await askChatbot(chatbot, `/v1/collections/${id}/ingest`, {
		sitemap: `${site.url}/sitemap.xml`,
		maxPages: pages,
	});
	for (;;) {
		await delay(500);
		const metrics = await readMetrics(chatbot.url);
		if (metrics.sum("rag_jobs_running") > 0) continue;
		const chunks = metrics.sum("rag_ingest_chunks_total");
		if (chunks < 0.9 * wanted)
			throw new Error(`${chunks} chunks came of ${pages} pages.`);
		return chunks;
	}
}

async function ask(
	chatbot: ServerProcess,
	count: number,
	pages: number,
): Promise<Measured> {
	const random = createRandomSource(7);
	const questions = Array.from({ length: count + warmUps }, () => {
		const [first, second] = pageNames(random.between(0, pages - 1));
		return random.between(0, 1) === 0
			? `What did they say about the letter from the harbour in ${first}?`
			: `How long did the work take in ${second}, and who came to help?`;
	});
	const measured: Measured = {
		"without reranking": [],
		"with reranking": [],
	};
	for (const [index, question] of questions.entries())
		for (const variant of variants) {
			const timed = await askStreaming(chatbot.url, question, {
				rerank: variant === "with reranking",
				answer: "model",
				answerTokens: 8,
				// Every question goes all the way.
				leastRelevance: 0,
			});
			if (index >= warmUps) measured[variant].push(timed);
		}
	return measured;
}

function report(
	out: string,
	environment: ReturnType<typeof describeEnvironment>,
	{
		chunks,
		measured,
		foreignShare,
	}: { chunks: number; measured: Measured; foreignShare: number | null },
): string {
	const of = (variant: Variant, figure: (timed: Timed) => number) => {
		const sorted = Float64Array.from(measured[variant].map(figure)).sort();
		return `${percentile(sorted, 50).toFixed(1)} (${percentile(sorted, 95).toFixed(1)})`;
	};
	const row = (name: string, figure: (timed: Timed) => number) => [
		name,
		...variants.map((variant) => of(variant, figure)),
	];
	const model = ({ stages: found }: Timed) => found.first_token ?? 0;
	const others = (timed: Timed) => timed.firstTextMs - model(timed);
	const named = (timed: Timed) =>
		stages.reduce((sum, stage) => sum + (timed.stages[stage] ?? 0), 0);
	return writeResult(
		out,
		{
			suite: "rag-stages",
			title: "Time to the first token of a RAG answer, by stages",
			environment,
		},
		{
			conditions: [
				`${chunks} chunks in the embedded database; starter-embed, starter-rerank and starter-chat by \`galley run\`, the chatbot as \`npm start\` runs it, all on this machine`,
				`${measured["with reranking"].length} questions, one at a time, streamed, with and without reranking in turn; hybrid search of 40 passages, 5 of them in the prompt`,
				`others used ${percent(foreignShare)} of the machine`,
			],
			tables: [
				{
					title: "Promises: medians, everything but the language model",
					head: ["", "ms", "wanted", ""],
					rows: variants.map((variant) => {
						const ms = median(measured[variant].map(others));
						const limit = limitMs[variant];
						return [
							variant,
							ms.toFixed(1),
							`under ${limit}`,
							ms < limit ? "met" : "not met",
						];
					}),
				},
				{
					title: "Milliseconds: median (95th percentile)",
					head: ["", ...variants],
					rows: [
						...stages.map((stage) =>
							row(stage, (timed) => timed.stages[stage] ?? 0),
						),
						row(
							"HTTP, keys, history, stream",
							(timed) => others(timed) - named(timed),
						),
						row("all of these", others),
						row("the language model's first token", model),
						row("first token at the client", (timed) => timed.firstTextMs),
					],
				},
			],
			notes: [
				"rewrite: the question made to stand alone; embed: the question's vector; search: words and vectors, fused; pack: the passages that fit the prompt.",
			],
			data: measured,
		},
	);
}

try {
	await main();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
}
