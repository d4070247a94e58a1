import type {
	EmbeddingService,
	EncoderFacts,
	RankingService,
} from "../../core/embedding-service.ts";
import type { GalleyError } from "../../core/errors.ts";
import type { ServiceState } from "../../core/language-service.ts";
import type {
	EncoderInfo,
	EncoderSequence,
} from "../../engine/encoder-engine.ts";
import type { QueueLimits } from "../encoder-queue.ts";
import type { EncoderRunner } from "../encoder-runner.ts";
import { EmbeddingModel, RankingModel } from "../encoder-service.ts";
import { EncoderText, type TokenizerPort } from "../encoder-text.ts";

export interface FakeEncoderOptions {
	name?: string;
	dimensions?: number;
	maxInputTokens?: number;
	/** Before each batch's answer. */
	delayMs?: number;
	/** Thrown instead of an answer, while it gives one. */
	failure?: () => GalleyError | null;
	/** Read on every question. */
	state?: () => ServiceState;
	limits?: Partial<QueueLimits>;
	onRun?: (sequences: readonly EncoderSequence[]) => void;
}

/** The real text side and queue, and numbers that follow from the tokens: the same text always has the same vector. */
export function createFakeEmbeddingService(
	options: FakeEncoderOptions = {},
): EmbeddingService & { drain(limitMs: number): Promise<void> } {
	const dimensions = options.dimensions ?? 8;
	return new EmbeddingModel({
		...parts(options, dimensions),
		prompts: { query: "query: ", passage: "", unspecified: "" },
		dimensions,
		trainedDimensions: [dimensions / 2, dimensions],
		isNormalized: true,
	});
}

export function createFakeRankingService(
	options: FakeEncoderOptions = {},
): RankingService & { drain(limitMs: number): Promise<void> } {
	return new RankingModel(parts(options, 1));
}

const wordTokens = 1000;
const [beginToken, endToken] = [wordTokens, wordTokens + 1];

/** One token a word, by its hash. */
const tokenizer: TokenizerPort = {
	vocabularySize: wordTokens + 2,
	bare: (text) =>
		(text.match(/\S+/g) ?? []).map((word) => hash(word) % wordTokens),
	framed: (text) => [beginToken, ...tokenizer.bare(text), endToken],
	pair(first, second) {
		const left = tokenizer.framed(first);
		const right = [...tokenizer.bare(second), endToken];
		return {
			ids: [...left, ...right],
			typeIds: [...left.map(() => 0), ...right.map(() => 1)],
		};
	},
};

function parts(options: FakeEncoderOptions, width: number) {
	const maxInputTokens = options.maxInputTokens ?? 512;
	const name = options.name ?? (width === 1 ? "fake-rerank" : "fake-embed");
	const facts: EncoderFacts = {
		architecture: "fake",
		name,
		parameters: null,
		precision: "none",
		maxInputTokens,
		vocabularySize: tokenizer.vocabularySize,
		license: null,
		sizeBytes: 0,
		sha256: null,
		profile: { id: "0".repeat(64), name: "fake" },
	};
	return {
		name,
		created: 1_700_000_000,
		facts,
		text: new EncoderText(tokenizer, maxInputTokens),
		runner: createRunner(options, width),
		limits: {
			maxRequests: 64,
			maxTokens: 65_536,
			maxBatchTokens: 2048,
			maxFill: 0.1,
			...options.limits,
		},
	};
}

function createRunner(
	{
		delayMs = 0,
		failure = () => null,
		state = () => ({ phase: "ready" }),
		onRun,
	}: FakeEncoderOptions,
	width: number,
): EncoderRunner {
	const info: EncoderInfo = {
		engine: "fake",
		version: "0",
		devices: ["cpu"],
		width,
	};
	return {
		info,
		state,
		onState: () => undefined,
		async run(sequences) {
			onRun?.(sequences);
			if (delayMs > 0)
				await new Promise((resolve) => setTimeout(resolve, delayMs));
			const error = failure();
			if (error !== null) throw error;
			const rows = sequences.map((sequence) => fakeRow(sequence, width));
			return Float32Array.from(rows.flat());
		},
		stop: async () => undefined,
	};
}

/** A vector is made of its tokens; a pair is the more relevant the more words its passage has of the query's. */
function fakeRow(
	{ tokens, secondStart }: EncoderSequence,
	width: number,
): number[] {
	if (width === 1) {
		const query = new Set(tokens.subarray(1, secondStart - 1));
		const passage = tokens.subarray(secondStart, tokens.length - 1);
		return [passage.filter((token) => query.has(token)).length];
	}
	const row = new Array<number>(width).fill(0);
	for (const token of tokens)
		for (let column = 0; column < width; column++)
			row[column] =
				(row[column] as number) + (hash(`${token}:${column}`) % 2001) - 1000;
	const length = Math.hypot(...row) || 1;
	return row.map((value) => value / length);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
	let value = 0x811c9dc5;
	for (let index = 0; index < text.length; index++)
		value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
	return value >>> 0;
}
