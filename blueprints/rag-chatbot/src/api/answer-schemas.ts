import { z } from "zod";
import type {
	AnswerExtension,
	CitationShape,
	CollectionShape,
	ConversationShape,
	DocumentShape,
	JobShape,
	MessageShape,
	PageEventShape,
	PassageShape,
	StageShape,
	WholeDocumentShape,
	WholeJobShape,
} from "./shapes.ts";

/** What each route answers, for /openapi.json; the tests hold the server to it. */
const time = z.iso.datetime();
const count = z.number().int().min(0);
const problem = z.object({ code: z.string(), message: z.string() });
const id = z.string();

const reading = z.object({ pages: count, done: count });

export const collection = z.object({
	id,
	name: z.string(),
	description: z.string(),
	documents: count,
	chunks: count,
	embeddingModel: z.string(),
	createdAt: time,
	access: z.enum(["owner", "write", "read"]),
	reading: reading.nullable(),
}) satisfies z.ZodType<CollectionShape>;

export const collections = z.object({ collections: z.array(collection) });

export const grants = z.object({
	grants: z.array(
		z.object({
			principal: z.string(),
			access: z.enum(["owner", "write", "read"]),
		}),
	),
});

const document = z.object({
	id,
	collectionId: id,
	source: z.string(),
	url: z.string().nullable(),
	title: z.string(),
	state: z.enum(["ready", "failed"]),
	problem: problem.nullable(),
	chunks: count,
	publishedAt: time.nullable(),
	checkedAt: time,
	createdAt: time,
}) satisfies z.ZodType<DocumentShape>;

export const documents = z.object({
	documents: z.array(document),
	cursor: z.string().nullable(),
});

export const wholeDocument = document.extend({
	markdown: z.string(),
	pieces: z.array(
		z.object({
			id,
			ordinal: count,
			headings: z.array(z.string()),
			start: count,
			end: count,
			tokens: count,
		}),
	),
}) satisfies z.ZodType<WholeDocumentShape>;

const jobCounts = z.object({
	pages: count,
	stored: count,
	unchanged: count,
	removed: count,
	failed: count,
	chunks: count,
});

export const job = z.object({
	id,
	collectionId: id,
	kind: z.enum(["urls", "sitemap", "crawl", "files", "refresh"]),
	label: z.string(),
	state: z.enum(["waiting", "running", "finished", "cancelled", "failed"]),
	counts: jobCounts,
	problem: z.string().nullable(),
	refreshHours: z.number().nullable(),
	nextRunAt: time.nullable(),
	createdAt: time,
	startedAt: time.nullable(),
	finishedAt: time.nullable(),
}) satisfies z.ZodType<JobShape>;

const page = z.object({
	source: z.string(),
	state: z.enum([
		"waiting",
		"fetching",
		"reading",
		"embedding",
		"stored",
		"unchanged",
		"removed",
		"failed",
	]),
	title: z.string().nullable(),
	chunks: count,
	problem: problem.nullable(),
});

export const jobs = z.object({ jobs: z.array(job) });
export const begunJob = z.object({ job });
export const wholeJob = job.extend({ pages: z.array(page) });
wholeJob satisfies z.ZodType<Omit<WholeJobShape, "pages">>;
export const pageEvent = z.object({ page, counts: jobCounts });
pageEvent satisfies z.ZodType<Omit<PageEventShape, "page">>;

const passage = z.object({
	chunkId: id,
	documentId: id,
	collectionId: id,
	title: z.string(),
	url: z.string().nullable(),
	source: z.string(),
	headings: z.array(z.string()),
	text: z.string(),
	start: count,
	end: count,
	scores: z.object({
		search: z.number(),
		words: z.number().nullable(),
		similarity: z.number().nullable(),
		relevance: z.number().nullable(),
	}),
}) satisfies z.ZodType<PassageShape>;

export const passages = z.object({
	passages: z.array(passage),
	/** What could not be done now: the search by meaning, the reranking. */
	notices: z.array(z.string()),
});

const citation = z.object({
	number: z.number().int().min(1),
	documentId: id,
	chunkId: id,
	title: z.string(),
	url: z.string().nullable(),
	text: z.string(),
	start: count,
	end: count,
}) satisfies z.ZodType<CitationShape>;

const stage = z.object({
	stage: z.enum([
		"rewrite",
		"embed",
		"search",
		"rerank",
		"pack",
		"reading",
		"first_token",
		"answer",
	]),
	ms: z.number().min(0),
	detail: z.string().nullable(),
}) satisfies z.ZodType<StageShape>;

const answerKind = z.enum(["model", "extractive", "none"]);
const extension = z.object({
	citations: z.array(citation),
	stages: z.array(stage),
	kind: answerKind,
	/** Searched collections whose pages were not all read yet. */
	reading: z.array(reading.extend({ collectionId: id, name: z.string() })),
	messageId: id.nullable(),
}) satisfies z.ZodType<AnswerExtension>;

const completionHead = {
	id,
	created: count,
	model: z.string(),
};

export const completion = z.object({
	...completionHead,
	object: z.literal("chat.completion"),
	choices: z
		.array(
			z.object({
				index: z.literal(0),
				message: extension.extend({
					role: z.literal("assistant"),
					content: z.string(),
				}),
				finish_reason: z.literal("stop"),
			}),
		)
		.length(1),
});

export const completionChunk = z.object({
	...completionHead,
	object: z.literal("chat.completion.chunk"),
	choices: z
		.array(
			z.object({
				index: z.literal(0),
				delta: extension
					.extend({ role: z.literal("assistant"), content: z.string() })
					.partial(),
				finish_reason: z.literal("stop").nullable(),
			}),
		)
		.length(1),
});

export const models = z.object({
	object: z.literal("list"),
	data: z.array(
		z.object({
			id,
			object: z.literal("model"),
			created: count,
			owned_by: z.string(),
		}),
	),
});

export const conversation = z.object({
	id,
	title: z.string(),
	createdAt: time,
	updatedAt: time,
}) satisfies z.ZodType<ConversationShape>;

export const conversations = z.object({
	conversations: z.array(conversation),
});

const message = z.object({
	id,
	role: z.enum(["user", "assistant", "system"]),
	content: z.string(),
	citations: z.array(citation),
	stages: z.array(stage),
	kind: answerKind.nullable(),
	rating: z.union([z.literal(1), z.literal(-1)]).nullable(),
	comment: z.string().nullable(),
	createdAt: time,
}) satisfies z.ZodType<MessageShape>;

export const wholeConversation = conversation.extend({
	messages: z.array(message),
});

export const similarity = z.object({ matrix: z.array(z.array(z.number())) });

export const collectionMap = z.object({
	chunks: count,
	points: z.array(
		z.object({
			documentId: id,
			chunkId: id,
			title: z.string(),
			x: z.number(),
			y: z.number(),
		}),
	),
});

const service = z.object({
	url: z.string(),
	model: z.string(),
	isReachable: z.boolean(),
	problem: z.string().nullable(),
});

/** `answer` is what `settings` of a question may override. */
export function settings(answer: z.ZodType) {
	return z.object({
		principal: z.string(),
		hasKeys: z.boolean(),
		services: z.object({
			chat: service.nullable(),
			embedding: service,
			rerank: service.nullable(),
		}),
		answer,
		ingest: z.object({
			chunkTokens: count,
			overlapTokens: count,
			maxUploadBytes: count,
		}),
	});
}

export const health = z.object({ status: z.literal("ok") });
export const noHealth = z.object({
	status: z.literal("unavailable"),
	reason: z.string(),
});
export const anyObject = z.looseObject({});
