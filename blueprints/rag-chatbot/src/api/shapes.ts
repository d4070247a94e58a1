import type {
	AnswerKind,
	Stage,
	StillReading,
} from "../answer/answer-question.ts";
import type {
	IngestTask,
	JobCounts,
	PageReport,
} from "../ingest/ingest-job.ts";

/** What the API answers, as JSON: times are ISO 8601. The page in public/ relies on these names. */
export interface CollectionShape {
	id: string;
	name: string;
	description: string;
	documents: number;
	chunks: number;
	embeddingModel: string;
	createdAt: string;
	access: Access;
	/** While its pages are read for the first time; null when none are. */
	reading: { pages: number; done: number } | null;
}

export type Access = "owner" | "write" | "read";

export interface DocumentShape {
	id: string;
	collectionId: string;
	/** A URL, or `upload:report.pdf`, `note:Title`. */
	source: string;
	/** Null for what is nowhere on the web. */
	url: string | null;
	title: string;
	state: "ready" | "failed";
	problem: { code: string; message: string } | null;
	chunks: number;
	publishedAt: string | null;
	checkedAt: string;
	createdAt: string;
}

/** Of one document: also its text and where its chunks stand in it. */
export interface WholeDocumentShape extends DocumentShape {
	markdown: string;
	pieces: {
		id: string;
		ordinal: number;
		headings: readonly string[];
		start: number;
		end: number;
		tokens: number;
	}[];
}

export type JobState =
	| "waiting"
	| "running"
	| "finished"
	| "cancelled"
	| "failed";

export interface JobShape {
	id: string;
	collectionId: string;
	kind: IngestTask["kind"];
	/** What it reads, for people: `https://site.example`, `3 files`. */
	label: string;
	state: JobState;
	counts: JobCounts;
	/** Why the job as a whole failed. */
	problem: string | null;
	refreshHours: number | null;
	/** When it runs again; null when it doesn't. */
	nextRunAt: string | null;
	createdAt: string;
	startedAt: string | null;
	finishedAt: string | null;
}

/** GET /v1/jobs/:id */
export interface WholeJobShape extends JobShape {
	pages: PageReport[];
}

/** `event: page` of GET /v1/jobs/:id/events; `event: end` carries the job. */
export interface PageEventShape {
	page: PageReport;
	counts: JobCounts;
}

export interface PassageShape {
	chunkId: string;
	documentId: string;
	collectionId: string;
	title: string;
	url: string | null;
	source: string;
	headings: readonly string[];
	text: string;
	start: number;
	end: number;
	/** `search` is comparable within one answer only; null is what wasn't measured. */
	scores: {
		search: number;
		words: number | null;
		similarity: number | null;
		relevance: number | null;
	};
}

export interface CitationShape {
	/** The mark in the text: `[1]`. */
	number: number;
	documentId: string;
	chunkId: string;
	title: string;
	url: string | null;
	text: string;
	/** Its place in the document's Markdown. */
	start: number;
	end: number;
}

export interface StageShape {
	stage: Stage;
	ms: number;
	detail: string | null;
}

/** Beside OpenAI's fields: in `choices[0].message`, and in the deltas of a stream. */
export interface AnswerExtension {
	citations: CitationShape[];
	stages: StageShape[];
	kind: AnswerKind;
	/** Searched collections whose pages were not all read yet. */
	reading: StillReading[];
	/** Of the answer in the conversation, for feedback; null without a conversation. */
	messageId: string | null;
}

export interface ConversationShape {
	id: string;
	title: string;
	createdAt: string;
	updatedAt: string;
}

export interface MessageShape {
	id: string;
	role: "user" | "assistant" | "system";
	content: string;
	citations: CitationShape[];
	stages: StageShape[];
	kind: AnswerKind | null;
	rating: 1 | -1 | null;
	/** What the caller said beside its rating. */
	comment: string | null;
	createdAt: string;
}
