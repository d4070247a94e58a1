import type { ChatClient, ChatTurn } from "../services/chat-client.ts";
import type { EmbeddingClient } from "../services/embedding-client.ts";
import { isAway, ServiceError } from "../services/endpoint.ts";
import type { RerankClient } from "../services/rerank-client.ts";
import { compose, isQuoted, unknownAnswer } from "./compose-answer.ts";
import { packPassages } from "./pack-passages.ts";
import type { FoundPassage } from "./passage.ts";
import { rankPassages } from "./rank-passages.ts";
import { areReadSoon } from "./reading-wait.ts";
import { joinedQuestion, rewrittenQuestion } from "./rewrite-question.ts";

/** Each can be turned off; the answer is worse then, and sooner there. */
export interface AnswerSettings {
	/** How a question that leans on the conversation is made to stand alone. */
	rewrite: "model" | "join" | "off";
	/** By words, by vectors, or both fused. */
	search: "hybrid" | "vectors" | "words";
	rerank: boolean;
	/** `extractive` quotes sentences; `model` lets the language model write. */
	answer: "model" | "extractive";
	/** Passages that the search finds, and of them those that the answer may use. */
	found: number;
	used: number;
	/** Tokens for the passages in the prompt. */
	passageTokens: number;
	answerTokens: number;
	temperature: number;
	/** What the question's words in a passage count beside the reranker, in logits: see `Ranking`. */
	wordWeight: number;
	/** Below this relevance (0 to 1) the pages do not answer: 0 answers always. */
	leastRelevance: number;
	/** Turns of the conversation that the language model sees. */
	historyTurns: number;
}

export const defaultAnswerSettings: AnswerSettings = {
	rewrite: "join",
	search: "hybrid",
	rerank: true,
	answer: "model",
	found: 40,
	used: 5,
	passageTokens: 1200,
	answerTokens: 400,
	temperature: 0.2,
	wordWeight: 0,
	leastRelevance: 0.2,
	historyTurns: 6,
};

export interface Prompts {
	answer: string;
	rewrite: string;
}

/** Finds passages in the collections that the asker may read; who asks is the caller's business. */
export type Search = (query: {
	/** Null searches by vectors alone. */
	words: string | null;
	/** Null searches by words alone. */
	vector: Float32Array | null;
	limit: number;
	signal: AbortSignal;
}) => Promise<FoundPassage[]>;

export interface AnswerParts {
	search: Search;
	embeddings: EmbeddingClient;
	/** Null where no reranking service is there. */
	reranker: RerankClient | null;
	/** Null where no language service is there. */
	chat: ChatClient | null;
	prompts: Prompts;
	/** What the search can't find yet. */
	stillReading: () => Promise<readonly StillReading[]>;
	/** So long the last pages are waited for where nothing is found without them. */
	readingWaitMs: number;
}

/** A searched collection whose pages are still read for the first time. */
export interface StillReading {
	collectionId: string;
	name: string;
	/** Known so far, and those of them that are dealt with. */
	pages: number;
	done: number;
}

export interface Asked {
	question: string;
	/** What was said before, oldest first. */
	history: readonly ChatTurn[];
	settings: AnswerSettings;
	signal: AbortSignal;
}

export type Stage =
	| "rewrite"
	| "embed"
	| "search"
	| "rerank"
	| "pack"
	/** Nothing was found, and the last pages were waited for. */
	| "reading"
	| "first_token"
	| "answer";

/** How the answer came about. `none` is "not in these pages". */
export type AnswerKind = "model" | "extractive" | "none";

export type AnswerEvent =
	/** `detail` of embed, rerank and answer is what was missing: the answer came about without it. */
	| { type: "stage"; stage: Stage; ms: number; detail: string | null }
	/** Numbered from 1 in this order; what citations point to. */
	| { type: "passages"; passages: readonly FoundPassage[] }
	| { type: "text"; text: string }
	/** `start` and `end` are places in the document, where the sentence is known. */
	| {
			type: "citation";
			number: number;
			start: number | null;
			end: number | null;
	  }
	| { type: "end"; kind: AnswerKind; reading: readonly StillReading[] };

/** From a question to an answer with citations, each stage timed. Ends with exactly one `end`, or throws. */
export async function* answerQuestion(
	asked: Asked,
	parts: AnswerParts,
): AsyncGenerator<AnswerEvent> {
	const clock = new StageClock();
	const query = await standalone(asked, parts);
	yield clock.lap("rewrite", query === asked.question ? null : query);
	const embedded = await embed(query, asked, parts);
	yield clock.lap("embed", embedded.problem);
	const sought = { query, vector: embedded.vector };
	let ranked = yield* retrieve(sought, asked, parts, clock);
	if (
		ranked.passages.length === 0 &&
		(await areReadSoon(parts, asked.signal))
	) {
		yield clock.lap("reading");
		ranked = yield* retrieve(sought, asked, parts, clock);
	}
	const { passages } = ranked;
	yield { type: "passages", passages };
	let kind: AnswerKind = "none";
	let problem: string | null = null;
	// One that was away a moment ago is not asked again.
	const reranker = ranked.problem === null ? parts.reranker : null;
	const composed = compose(asked, query, passages, { ...parts, reranker });
	for await (const event of composed) {
		if (event.type === "kind") kind = event.kind;
		else if (event.type === "problem") problem = event.text;
		else {
			if (!clock.isFirstHeard && event.type === "text")
				yield clock.first("first_token");
			yield event;
		}
	}
	const reading = await parts.stillReading();
	if (kind === "none") {
		yield clock.first("first_token");
		yield { type: "text", text: unknownAnswer(reading) };
	}
	yield clock.lap("answer", problem);
	yield { type: "end", kind, reading };
}

/** The passages that the answer may use, best first. */
async function* retrieve(
	{ query, vector }: { query: string; vector: Float32Array | null },
	asked: Asked,
	parts: AnswerParts,
	clock: StageClock,
): AsyncGenerator<AnswerEvent, Ranked> {
	const { settings, signal } = asked;
	const found = await parts.search({
		words: settings.search === "vectors" && vector !== null ? null : query,
		vector,
		limit: settings.found,
		signal,
	});
	yield clock.lap("search", `${found.length} passages`);
	const ranked = await rerank(query, found, asked, parts);
	yield clock.lap("rerank", ranked.problem);
	const passages = packPassages(relevant(ranked.passages, settings), {
		// Quotes have no prompt that could be too long.
		maxTokens: isQuoted(settings, parts)
			? Number.POSITIVE_INFINITY
			: settings.passageTokens,
		maxPassages: settings.used,
	});
	yield clock.lap("pack", `${passages.length} passages`);
	return { passages, problem: ranked.problem };
}

function standalone(
	{ question, history, settings, signal }: Asked,
	{ chat, prompts }: AnswerParts,
): Promise<string> | string {
	if (settings.rewrite === "off") return question;
	if (settings.rewrite === "join" || chat === null)
		return joinedQuestion(question, history);
	return rewrittenQuestion(
		question,
		history,
		chat,
		prompts.rewrite,
		signal,
	).catch((error: unknown) => {
		if (!(error instanceof ServiceError)) throw error;
		return joinedQuestion(question, history);
	});
}

/** Without its embedding service the chatbot still finds what has the question's words. */
async function embed(
	query: string,
	{ settings, signal }: Asked,
	{ embeddings }: AnswerParts,
): Promise<{ vector: Float32Array | null; problem: string | null }> {
	if (settings.search === "words") return { vector: null, problem: null };
	try {
		return {
			vector: await embeddings.embedQuery(query, signal),
			problem: null,
		};
	} catch (error) {
		if (!isAway(error)) throw error;
		return {
			vector: null,
			problem: `Searched by words alone: ${error.message}`,
		};
	}
}

interface Ranked {
	passages: FoundPassage[];
	/** Why the search's own order stands. */
	problem: string | null;
}

/** Best first. A reranker that can't be reached costs quality, not the answer. */
async function rerank(
	query: string,
	found: FoundPassage[],
	{ settings, signal }: Asked,
	{ reranker }: AnswerParts,
): Promise<Ranked> {
	if (!settings.rerank || reranker === null || found.length === 0)
		return { passages: found, problem: null };
	try {
		const { wordWeight } = settings;
		const passages = await rankPassages(found, {
			query,
			reranker,
			wordWeight,
			signal,
		});
		return { passages, problem: null };
	} catch (error) {
		if (!(error instanceof ServiceError)) throw error;
		return { passages: found, problem: `Not reranked: ${error.message}` };
	}
}

/** Those that may answer. Without a reranker only the similarity tells, and words alone tell nothing. */
function relevant(
	passages: readonly FoundPassage[],
	{ leastRelevance }: AnswerSettings,
): FoundPassage[] {
	return passages.filter(({ relevance, similarity }) => {
		if (relevance !== null)
			return 1 / (1 + Math.exp(-relevance)) >= leastRelevance;
		return similarity === null || similarity >= leastRelevance;
	});
}

class StageClock {
	#at = performance.now();
	isFirstHeard = false;

	/** Since the last lap. */
	lap(stage: Stage, detail: string | null = null): AnswerEvent {
		const now = performance.now();
		const ms = now - this.#at;
		this.#at = now;
		return { type: "stage", stage, ms, detail };
	}

	/** The stage goes on: the time so far. */
	first(stage: Stage): AnswerEvent {
		this.isFirstHeard = true;
		return {
			type: "stage",
			stage,
			ms: performance.now() - this.#at,
			detail: null,
		};
	}
}
