import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, KnowledgeBase, openDatabase } from "galley/store";
import type { Prompts } from "./answer/answer-question.ts";
import { type Config, ConfigError } from "./config.ts";
import { readableTypes } from "./extract/document.ts";
import { Extractor } from "./extract/extractor.ts";
import { PageFetcher } from "./ingest/page-fetcher.ts";
import { defaultManners, SiteManners } from "./ingest/site-manners.ts";
import { StageTimes } from "./ingest/stage-times.ts";
import { JobManager } from "./jobs/job-manager.ts";
import { JobTable } from "./jobs/job-table.ts";
import { UploadTable } from "./jobs/upload-table.ts";
import { ragMigrations } from "./knowledge/rag-migrations.ts";
import { Metrics } from "./metrics.ts";
import { ChatClient } from "./services/chat-client.ts";
import { EmbeddingClient } from "./services/embedding-client.ts";
import { Patience } from "./services/patience.ts";
import { RerankClient } from "./services/rerank-client.ts";
import { Tracing } from "./tracing/tracing.ts";

/** All that the routes work with. */
export interface Application {
	config: Config;
	database: Database;
	base: KnowledgeBase;
	embeddings: EmbeddingClient;
	reranker: RerankClient | null;
	chat: ChatClient | null;
	prompts: Prompts;
	jobs: JobManager;
	metrics: Metrics;
	tracing: Tracing;
	close(): Promise<void>;
}

export interface ApplicationOptions {
	/** Says what went wrong in the background. */
	onProblem(problem: unknown, what: string): void;
	/** One that is open already; it stays open. */
	database?: Database;
	/** Left out: nothing is recorded. */
	tracing?: Tracing;
}

export async function openApplication(
	config: Config,
	{
		onProblem,
		database: given,
		tracing = new Tracing(null),
	}: ApplicationOptions,
): Promise<Application> {
	await mkdir(config.dataDirectory, { recursive: true });
	const prompts = await readPrompts(config.promptsDirectory);
	const database =
		given ??
		(await openDatabase({
			url: config.databaseUrl,
			directory: join(config.dataDirectory, "database"),
			cacheDirectory: join(config.dataDirectory, "cache"),
			migrations: ragMigrations,
		}).catch((error: unknown) => {
			throw inOwnWords(error, config);
		}));
	const base = new KnowledgeBase(database);
	const embeddings = new EmbeddingClient({ ...config.embedding, tracing });
	const metrics = new Metrics();
	const { close: closeReading, ...reading } = openReading(config);
	const table = new JobTable(database);
	const jobs = new JobManager(
		{
			base,
			table,
			uploads: new UploadTable(database),
			runner: {
				...reading,
				embeddings,
				patience: new Patience({ mostMs: config.ingest.embeddingWaitMs }),
				limits: config.ingest.chunks,
				concurrency: config.ingest.concurrency,
				times: new StageTimes(({ stage, seconds, busySeconds }) => {
					metrics.ingestSeconds.inc({ stage }, seconds);
					metrics.ingestBusySeconds.inc({ stage }, busySeconds);
				}),
			},
		},
		{
			maxJobs: config.ingest.maxJobs,
			repeatCheckMs: 30_000,
			leaseMs: config.ingest.leaseMs,
			pollMs: 1000,
			isAlone: given === undefined && database.kind === "embedded",
			onPage: ({ state, chunks }) => {
				if (!endStates.has(state)) return;
				metrics.pages.inc({ state });
				metrics.chunks.inc(chunks);
			},
			onRunning: (count) => metrics.runningJobs.set(count),
			onProblem,
		},
	);
	const close = async () => {
		await jobs.close();
		await closeReading();
		await tracing.close();
		if (given === undefined) await database.close();
	};
	try {
		await base.recover();
		await jobs.start();
	} catch (error) {
		await close();
		throw error;
	}
	return {
		config,
		database,
		base,
		embeddings,
		reranker: config.rerank && new RerankClient({ ...config.rerank, tracing }),
		chat: config.chat && new ChatClient({ ...config.chat, tracing }),
		prompts,
		jobs,
		metrics,
		tracing,
		close,
	};
}

/** The store speaks of the platform's variables. */
function inOwnWords(error: unknown, { dataDirectory }: Config): unknown {
	const reason = error instanceof Error ? error.message : "";
	const holder = /Process (\d+) has the database/.exec(reason)?.[1];
	if (holder === undefined) return error;
	return new ConfigError(
		`Another chatbot (process ${holder}) has the data in ${dataDirectory} open, and two would destroy it. Stop it, give this one a folder of its own (RAG_DATA_DIR), or let both use one PostgreSQL (DATABASE_URL).`,
		{ cause: error },
	);
}

const endStates = new Set(["stored", "unchanged", "removed", "failed"]);
const sitemapTypes = new Set([
	"application/xml",
	"text/xml",
	"text/plain",
	"application/gzip",
	"application/x-gzip",
	"application/octet-stream",
]);

/** What fetches pages and reads them. */
function openReading({ ingest }: Config) {
	const { userAgent, allowedHosts, delayMs } = ingest;
	const fetcher = new PageFetcher({
		userAgent,
		allowedHosts,
		acceptedTypes: readableTypes,
	});
	const sitemapFetcher = new PageFetcher({
		userAgent,
		allowedHosts,
		acceptedTypes: sitemapTypes,
	});
	const robotsFetcher = new PageFetcher({
		userAgent,
		allowedHosts,
		acceptedTypes: new Set(["text/plain"]),
		limits: { maxBytes: 1_000_000, maxSeconds: 15 },
	});
	const manners = new SiteManners(
		{ ...defaultManners, userAgent, leastDelayMs: delayMs },
		(url) => robotsFetcher.fetch(url),
	);
	const extractor = new Extractor();
	return {
		extractor,
		fetcher,
		sitemapFetcher,
		manners,
		close: async () => {
			await Promise.all([
				extractor.close(),
				fetcher.close(),
				sitemapFetcher.close(),
				robotsFetcher.close(),
			]);
		},
	};
}

async function readPrompts(directory: string | null): Promise<Prompts> {
	const shipped = fileURLToPath(new URL("../prompts/", import.meta.url));
	const read = async (name: string) => {
		const path = join(directory ?? shipped, name);
		const text = await readFile(path, "utf8").catch((cause: unknown) => {
			throw new ConfigError(
				`${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}. RAG_PROMPTS_DIR names a folder with answer.md and rewrite.md; without it the shipped ones are used.`,
				{ cause },
			);
		});
		if (text.trim() === "")
			throw new ConfigError(
				`${path} is empty: write what the language model is told there.`,
			);
		return text;
	};
	const [answer, rewrite] = await Promise.all([
		read("answer.md"),
		read("rewrite.md"),
	]);
	return { answer, rewrite };
}
