import { z } from "zod";
import {
	type AnswerSettings,
	defaultAnswerSettings,
} from "./answer/answer-question.ts";
import type { ChunkLimits } from "./chunk/split-chunks.ts";
import type { Endpoint } from "./services/endpoint.ts";

export interface Config {
	port: number;
	host: string;
	/** Name of a principal to its key; empty: everybody is `local`. */
	apiKeys: ReadonlyMap<string, string>;
	/** Pages of other origins that may call the API from a browser. */
	allowedOrigins: ReadonlySet<string>;
	chat: Endpoint | null;
	embedding: Endpoint;
	rerank: Endpoint | null;
	/** A PostgreSQL with pgvector; null: embedded in the data directory. */
	databaseUrl: string | null;
	dataDirectory: string;
	promptsDirectory: string | null;
	/** The collection of Galley's own documentation is made at first start. */
	hasStarter: boolean;
	answer: AnswerSettings;
	/** So long an answer waits for the last pages where nothing is found without them. */
	readingWaitMs: number;
	ingest: IngestConfig;
	logLevel: string;
}

export interface IngestConfig {
	/** Hosts whose private addresses may be read. */
	allowedHosts: ReadonlySet<string>;
	userAgent: string;
	/** Between two requests to one host. */
	delayMs: number;
	/** Pages of one job at a time. */
	concurrency: number;
	/** Jobs at a time; one of a collection at a time in any case. */
	maxJobs: number;
	/** Several processes on one database: a job whose process hasn't been heard of for so long is taken over by another. */
	leaseMs: number;
	/** So long an embedding service that is away is waited for. */
	embeddingWaitMs: number;
	maxUploadBytes: number;
	chunks: ChunkLimits;
}

/** An environment that can't be meant. */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
}

const text = (fallback: string) => z.string().trim().min(1).default(fallback);
const whole = (fallback: number, least = 0, most = 1_000_000) =>
	z.coerce.number().int().min(least).max(most).default(fallback);
const share = (fallback: number, most = 1) =>
	z.coerce.number().min(0).max(most).default(fallback);
const onOff = (fallback: boolean) =>
	z
		.enum(["on", "off", "true", "false", "1", "0"])
		.transform((value) => ["on", "true", "1"].includes(value))
		.default(fallback);
const list = z
	.string()
	.transform((value) =>
		value
			.split(/[\s,]+/)
			.map((item) => item.trim())
			.filter((item) => item !== ""),
	)
	.default([]);
const address = (fallback: string) =>
	z
		.union([z.literal("none"), z.url({ protocol: /^https?$/ })])
		.default(fallback);
const secret = z.string().trim().min(1).optional();

const answer = defaultAnswerSettings;
const environment = z.object({
	RAG_PORT: whole(8010, 0, 65_535),
	RAG_HOST: text("127.0.0.1"),
	RAG_API_KEYS: list,
	RAG_ALLOWED_ORIGINS: list,
	RAG_DATA_DIR: text("data"),
	RAG_PROMPTS_DIR: z.string().trim().min(1).optional(),
	RAG_STARTER: onOff(true),
	RAG_LOG_LEVEL: z
		.enum(["silent", "error", "warn", "info", "debug"])
		.default("info"),
	DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
	CHAT_URL: address("http://127.0.0.1:8000/v1"),
	CHAT_MODEL: text("starter-chat"),
	CHAT_API_KEY: secret,
	EMBEDDING_URL: z
		.url({ protocol: /^https?$/ })
		.default("http://127.0.0.1:8002/v1"),
	EMBEDDING_MODEL: text("starter-embed"),
	EMBEDDING_API_KEY: secret,
	RERANK_URL: address("http://127.0.0.1:8003/v1"),
	RERANK_MODEL: text("starter-rerank"),
	RERANK_API_KEY: secret,
	ANSWER: z.enum(["model", "extractive"]).optional(),
	REWRITE: z.enum(["model", "join", "off"]).default(answer.rewrite),
	SEARCH: z.enum(["hybrid", "vectors", "words"]).default(answer.search),
	RERANK: onOff(answer.rerank),
	FOUND: whole(answer.found, 1, 200),
	USED: whole(answer.used, 1, 50),
	PASSAGE_TOKENS: z.coerce.number().int().min(50).optional(),
	ANSWER_TOKENS: whole(answer.answerTokens, 1),
	TEMPERATURE: share(answer.temperature, 2),
	WORD_WEIGHT: z.coerce.number().min(0).max(20).optional(),
	LEAST_RELEVANCE: z.coerce.number().min(0).max(1).optional(),
	READING_WAIT_SECONDS: z.coerce.number().min(0).max(600).default(15),
	HISTORY_TURNS: whole(answer.historyTurns, 0, 100),
	ALLOWED_HOSTS: list,
	USER_AGENT: text("GalleyRag/1.0 (+https://github.com/galley)"),
	CRAWL_DELAY_MS: whole(500, 0, 60_000),
	INGEST_CONCURRENCY: whole(8, 1, 64),
	INGEST_JOBS: whole(2, 1, 32),
	INGEST_LEASE_SECONDS: z.coerce.number().min(0.5).max(3600).default(20),
	EMBEDDING_WAIT_SECONDS: z.coerce.number().min(0).max(86_400).default(600),
	MAX_UPLOAD_MB: whole(50, 1, 1000),
	CHUNK_TOKENS: whole(200, 20, 8000),
	CHUNK_OVERLAP: whole(30, 0, 2000),
});

/**
 * What fits the models where nobody says otherwise. The starter language model copies badly, so its answers are quotes, and has
 * room for 1,024 tokens. The starter reranker takes words for each other that only stand in like places: with the question's own
 * words counted beside it it knows better what isn't in the pages (figures in README.md).
 */
function suitedSettings(
	chat: string,
	rerank: string,
): Pick<
	AnswerSettings,
	"answer" | "passageTokens" | "wordWeight" | "leastRelevance"
> {
	const isStarter = chat === "starter-chat";
	const isStarterRerank = rerank === "starter-rerank";
	return {
		answer: isStarter ? "extractive" : answer.answer,
		passageTokens: isStarter ? 500 : answer.passageTokens,
		wordWeight: isStarterRerank ? 4 : answer.wordWeight,
		leastRelevance: isStarterRerank ? 0.93 : answer.leastRelevance,
	};
}

/** Reads what README.md lists. Throws ConfigError that names the variable at fault. */
export function readConfig(
	variables: Readonly<Record<string, string | undefined>>,
): Config {
	// An empty variable is one that isn't set, as Compose files write it.
	const given = Object.fromEntries(
		Object.entries(variables).filter(([, value]) => value?.trim() !== ""),
	);
	const result = environment.safeParse(given);
	if (!result.success) {
		const [issue] = result.error.issues;
		throw new ConfigError(`${issue?.path.join(".")}: ${issue?.message}.`);
	}
	const env = result.data;
	const apiKeys = readKeys(env.RAG_API_KEYS);
	if (apiKeys.size === 0 && !isLoopback(env.RAG_HOST))
		throw new ConfigError(
			`RAG_HOST=${env.RAG_HOST} is reachable from other machines: set RAG_API_KEYS=name:key first, or leave RAG_HOST at 127.0.0.1.`,
		);
	const suited = suitedSettings(env.CHAT_MODEL, env.RERANK_MODEL);
	return {
		port: env.RAG_PORT,
		host: env.RAG_HOST,
		apiKeys,
		allowedOrigins: new Set(env.RAG_ALLOWED_ORIGINS),
		chat: endpoint(env.CHAT_URL, env.CHAT_MODEL, env.CHAT_API_KEY),
		embedding: {
			baseUrl: env.EMBEDDING_URL,
			model: env.EMBEDDING_MODEL,
			apiKey: env.EMBEDDING_API_KEY ?? null,
		},
		rerank: endpoint(env.RERANK_URL, env.RERANK_MODEL, env.RERANK_API_KEY),
		databaseUrl: env.DATABASE_URL ?? null,
		dataDirectory: env.RAG_DATA_DIR,
		promptsDirectory: env.RAG_PROMPTS_DIR ?? null,
		hasStarter: env.RAG_STARTER,
		answer: {
			rewrite: env.REWRITE,
			search: env.SEARCH,
			rerank: env.RERANK,
			answer: env.ANSWER ?? suited.answer,
			found: env.FOUND,
			used: env.USED,
			passageTokens: env.PASSAGE_TOKENS ?? suited.passageTokens,
			answerTokens: env.ANSWER_TOKENS,
			temperature: env.TEMPERATURE,
			wordWeight: env.WORD_WEIGHT ?? suited.wordWeight,
			leastRelevance: env.LEAST_RELEVANCE ?? suited.leastRelevance,
			historyTurns: env.HISTORY_TURNS,
		},
		readingWaitMs: env.READING_WAIT_SECONDS * 1000,
		ingest: {
			allowedHosts: new Set(env.ALLOWED_HOSTS),
			userAgent: env.USER_AGENT,
			delayMs: env.CRAWL_DELAY_MS,
			concurrency: env.INGEST_CONCURRENCY,
			maxJobs: env.INGEST_JOBS,
			leaseMs: env.INGEST_LEASE_SECONDS * 1000,
			embeddingWaitMs: env.EMBEDDING_WAIT_SECONDS * 1000,
			maxUploadBytes: env.MAX_UPLOAD_MB * 1_000_000,
			chunks: {
				maxTokens: env.CHUNK_TOKENS,
				overlapTokens: env.CHUNK_OVERLAP,
			},
		},
		logLevel: env.RAG_LOG_LEVEL,
	};
}

/** Names of this machine that no other machine can reach. */
export function isLoopback(host: string): boolean {
	return /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/.test(host);
}

function endpoint(
	baseUrl: string,
	model: string,
	apiKey: string | undefined,
): Endpoint | null {
	return baseUrl === "none" ? null : { baseUrl, model, apiKey: apiKey ?? null };
}

const shortestKey = 8;

function readKeys(pairs: readonly string[]): Map<string, string> {
	const keys = new Map<string, string>();
	for (const pair of pairs) {
		const [, name, key] = /^([a-zA-Z0-9._-]+):(.+)$/.exec(pair) ?? [];
		if (name === undefined || key === undefined || key.length < shortestKey)
			throw new ConfigError(
				`RAG_API_KEYS: each is name:key, the name of letters, digits, dots and dashes, the key of at least ${shortestKey} characters.`,
			);
		if (keys.has(name) || [...keys.values()].includes(key))
			throw new ConfigError(
				`RAG_API_KEYS: the name or the key of "${name}" is there twice.`,
			);
		keys.set(name, key);
	}
	return keys;
}
