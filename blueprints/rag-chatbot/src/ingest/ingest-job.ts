import type { CrawlLimits } from "./crawl-frontier.ts";
import type { PageErrorCode } from "./page-error.ts";

/** What somebody asked to be read. */
export type IngestTask =
	| { kind: "urls"; urls: readonly string[] }
	| { kind: "sitemap"; url: string; maxPages: number }
	| { kind: "crawl"; urls: readonly string[]; limits: CrawlLimits }
	| { kind: "files"; files: readonly string[] }
	/** Documents whose next look is due. */
	| { kind: "refresh"; sources: readonly string[] };

export type PageState =
	| "waiting"
	| "fetching"
	| "reading"
	| "embedding"
	| "stored"
	/** It is as it was, or another page says the same. */
	| "unchanged"
	/** It was in the collection and is no longer on the web. */
	| "removed"
	| "failed";

/** How one page or file of a job fared. */
export interface PageReport {
	source: string;
	state: PageState;
	/** Null until it is known. */
	title: string | null;
	chunks: number;
	/** Null unless it failed, or waits for the embedding service. */
	problem: { code: PageErrorCode; message: string } | null;
}

export interface JobCounts {
	/** Found so far, the finished ones included. */
	pages: number;
	stored: number;
	unchanged: number;
	removed: number;
	failed: number;
	chunks: number;
}

export const noCounts: JobCounts = {
	pages: 0,
	stored: 0,
	unchanged: 0,
	removed: 0,
	failed: 0,
	chunks: 0,
};

/** The counts with one more page that has ended so. */
export function counted(counts: JobCounts, page: PageReport): JobCounts {
	const { state } = page;
	const isEnd =
		state === "stored" ||
		state === "unchanged" ||
		state === "removed" ||
		state === "failed";
	if (!isEnd) return counts;
	return {
		...counts,
		[state]: counts[state] + 1,
		chunks: counts.chunks + page.chunks,
	};
}
