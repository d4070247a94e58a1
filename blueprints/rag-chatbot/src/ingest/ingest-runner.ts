import { setTimeout as delay } from "node:timers/promises";
import type { RawDocument } from "../extract/document.ts";
import { CrawlFrontier } from "./crawl-frontier.ts";
import {
	counted,
	type IngestTask,
	type JobCounts,
	noCounts,
	type PageReport,
	type PageState,
} from "./ingest-job.ts";
import {
	type IngestParts,
	type IngestStage,
	ingestDocument,
	type NewChunk,
	type NewDocument,
} from "./ingest-page.ts";
import { PageError } from "./page-error.ts";
import type { KnownPage, PageFetcher } from "./page-fetcher.ts";
import { readSitemap } from "./read-sitemap.ts";
import type { SiteManners } from "./site-manners.ts";
import type { PageStage, StageTimes } from "./stage-times.ts";

/** The collection that a job writes to. */
export interface IngestTarget {
	/** What is known of a document by its source; null when it is not there. */
	known(source: string): Promise<(KnownPage & { contentHash: string }) | null>;
	/** Whether another document of the collection has this content. */
	hasContent(contentHash: string, exceptSource: string): Promise<boolean>;
	/** Replaces the document of that source, in one transaction. */
	put(document: NewDocument, chunks: readonly NewChunk[]): Promise<void>;
	/** It was looked at and has not changed. */
	confirm(source: string, known: KnownPage): Promise<void>;
	remove(source: string): Promise<void>;
}

/** A file that was uploaded, or a text that was pasted. */
export interface UploadedFile {
	/** `upload:report.pdf` */
	source: string;
	contentType: string;
	body: Uint8Array;
}

export interface RunnerParts extends IngestParts {
	fetcher: PageFetcher;
	/** Fetches sitemaps: other types than pages are. */
	sitemapFetcher: PageFetcher;
	manners: SiteManners;
	/** Pages worked on at a time. */
	concurrency: number;
	times?: StageTimes;
}

export interface RunWatch {
	signal: AbortSignal;
	onPage(page: PageReport, counts: JobCounts): void;
	file(source: string): Promise<UploadedFile>;
}

const stateOfStage: Record<IngestStage, PageState> = {
	read: "reading",
	split: "reading",
	embed: "embedding",
	store: "embedding",
};

interface Work {
	source: string;
	/** What links found there mean; null where none are followed. */
	follow: ((links: readonly string[]) => void) | null;
	/** Says whether a page that turned out to be elsewhere is to be kept. */
	landed(url: string): boolean;
}

/**
 * Reads what a task names into a collection. A page that fails is reported with its reason and the others go on; each page is
 * stored whole or not at all, so a run that was cut off is simply run again: what is there and unchanged is passed by.
 */
export async function runIngest(
	task: IngestTask,
	target: IngestTarget,
	parts: RunnerParts,
	watch: RunWatch,
): Promise<JobCounts> {
	const source = await openSource(task, parts, watch.signal);
	let counts = noCounts;
	const report = (page: PageReport) => {
		counts = counted({ ...counts, pages: source.size() }, page);
		watch.onPage(page, counts);
	};
	let busy = 0;
	let wake: () => void = () => undefined;
	const worker = async () => {
		for (;;) {
			watch.signal.throwIfAborted();
			const work = source.next();
			if (work === null) {
				if (busy === 0) return wake();
				// Those that work may find more.
				await new Promise<void>((resolve) => {
					const before = wake;
					wake = () => {
						before();
						resolve();
					};
				});
				continue;
			}
			busy++;
			try {
				await ingestOne(work, target, parts, watch, report);
			} finally {
				busy--;
				const awake = wake;
				wake = () => undefined;
				awake();
			}
		}
	};
	await Promise.all(Array.from({ length: parts.concurrency }, worker));
	return { ...counts, pages: source.size() };
}

interface WorkSource {
	next(): Work | null;
	/** Pages found so far. */
	size(): number;
}

async function openSource(
	task: IngestTask,
	parts: RunnerParts,
	signal: AbortSignal,
): Promise<WorkSource> {
	switch (task.kind) {
		case "crawl":
			return crawlSource(new CrawlFrontier(task.urls, task.limits));
		case "sitemap":
			return listSource(
				await sitemapPages(task.url, task.maxPages, parts, signal),
			);
		case "urls":
			return listSource(task.urls);
		case "files":
			return listSource(task.files);
		case "refresh":
			return listSource(task.sources);
	}
}

function listSource(sources: readonly string[]): WorkSource {
	const left = [...new Set(sources)];
	const size = left.length;
	return {
		next: () => {
			const source = left.shift();
			return source === undefined
				? null
				: { source, follow: null, landed: () => true };
		},
		size: () => size,
	};
}

function crawlSource(frontier: CrawlFrontier): WorkSource {
	return {
		next: () => {
			const page = frontier.next();
			if (page === null) return null;
			return {
				source: page.url,
				follow: (links) => frontier.found(page, links),
				landed: (url) => frontier.landed(page, url),
			};
		},
		size: () => frontier.taken + frontier.waiting,
	};
}

const mostSitemaps = 50;

/** Pages of a sitemap and of those it lists; below the addresses that it may speak for. */
async function sitemapPages(
	start: string,
	maxPages: number,
	{ sitemapFetcher }: RunnerParts,
	signal: AbortSignal,
): Promise<string[]> {
	const { host } = new URL(start);
	const pages: string[] = [];
	const queue = [start];
	for (let read = 0; read < mostSitemaps && queue.length > 0; read++) {
		const address = queue.shift() as string;
		const found = await sitemapFetcher.fetch(address, null, signal);
		const { pages: some, sitemaps } = readSitemap(found?.body ?? Buffer.of());
		for (const { url } of some)
			if (URL.canParse(url) && new URL(url).host === host) pages.push(url);
		for (const url of sitemaps)
			if (URL.canParse(url) && new URL(url).host === host) queue.push(url);
		if (pages.length >= maxPages) break;
	}
	return pages.slice(0, maxPages);
}

async function ingestOne(
	work: Work,
	target: IngestTarget,
	parts: RunnerParts,
	watch: RunWatch,
	report: (page: PageReport) => void,
): Promise<void> {
	const page: PageReport = {
		source: work.source,
		state: "waiting",
		title: null,
		chunks: 0,
		problem: null,
	};
	const tell = (state: PageState) => {
		page.state = state;
		report({ ...page });
	};
	const clock = parts.times?.page();
	try {
		const isWeb = /^https?:/.test(work.source);
		const known = await target.known(work.source);
		const raw = isWeb
			? await fetchPolitely(work, known, parts, watch.signal, (stage) => {
					clock?.enter(stage);
					if (stage === "fetch") tell("fetching");
				})
			: fromUpload(await watch.file(work.source));
		if (raw === null) {
			if (known !== null) await target.confirm(work.source, known);
			return tell("unchanged");
		}
		if (raw === "elsewhere") return tell("unchanged");
		page.source = raw.source;
		const stored =
			raw.source === work.source ? known : await target.known(raw.source);
		const isSame = stored?.contentHash;
		const result = await ingestDocument(raw, parts, {
			signal: watch.signal,
			onStage: (stage) => {
				clock?.enter(stage);
				tell(stateOfStage[stage]);
			},
			onAway: (problem) => {
				page.problem = problem && {
					code: "embedding_away",
					message: `Waiting: ${problem.message}`,
				};
				report({ ...page });
			},
			isKnown: async (hash) =>
				hash === isSame || (await target.hasContent(hash, raw.source)),
			store: (document, chunks) => target.put(document, chunks),
		});
		const { document } = result;
		page.title = document.title;
		if (!document.robots.nofollow) work.follow?.(document.links);
		if (result.outcome === "stored") page.chunks = result.chunks;
		else if (isSame !== undefined) await target.confirm(raw.source, raw);
		tell(result.outcome);
	} catch (error) {
		watch.signal.throwIfAborted();
		if (isGone(error) && (await target.known(work.source)) !== null) {
			await target.remove(work.source);
			return tell("removed");
		}
		page.problem = toProblem(error);
		tell("failed");
	} finally {
		clock?.end();
	}
}

type Raw = RawDocument & KnownPage;

async function fetchPolitely(
	work: Work,
	known: KnownPage | null,
	{ fetcher, manners }: RunnerParts,
	signal: AbortSignal,
	enter: (stage: PageStage) => void,
): Promise<Raw | null | "elsewhere"> {
	const url = new URL(work.source);
	enter("wait");
	await manners.requireAllowed(url);
	await delay(await manners.takeTurn(url), undefined, { signal });
	enter("fetch");
	// A crawl needs a page's links, changed or not.
	const isWanted = work.follow !== null;
	const page = await fetcher.fetch(
		work.source,
		isWanted ? null : known,
		signal,
	);
	if (page === null) return null;
	if (!work.landed(page.url)) return "elsewhere";
	return { ...page, source: page.url };
}

function fromUpload({ source, contentType, body }: UploadedFile): Raw {
	return {
		source,
		contentType,
		body,
		charset: null,
		etag: null,
		lastModified: null,
	};
}

function isGone(error: unknown): boolean {
	return (
		error instanceof PageError && (error.status === 404 || error.status === 410)
	);
}

function toProblem(error: unknown): PageReport["problem"] {
	if (error instanceof PageError)
		return { code: error.code, message: error.message };
	const message = error instanceof Error ? error.message : String(error);
	return { code: "unreadable", message };
}
