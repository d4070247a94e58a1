import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readableTypes } from "../extract/document.ts";
import { Extractor } from "../extract/extractor.ts";
import { EmbeddingClient } from "../services/embedding-client.ts";
import { Patience } from "../services/patience.ts";
import { FakeServices } from "../testing/fake-services.ts";
import {
	article,
	drip,
	endless,
	gzipBomb,
	redirectTo,
	TrapSite,
} from "../testing/trap-site.ts";
import type { IngestTask, JobCounts, PageReport } from "./ingest-job.ts";
import type { NewChunk, NewDocument } from "./ingest-page.ts";
import { type IngestTarget, runIngest } from "./ingest-runner.ts";
import type { KnownPage } from "./page-fetcher.ts";
import { PageFetcher } from "./page-fetcher.ts";
import { SiteManners } from "./site-manners.ts";

class MemoryTarget implements IngestTarget {
	readonly documents = new Map<
		string,
		{ document: NewDocument; chunks: readonly NewChunk[] }
	>();

	async known(source: string) {
		return this.documents.get(source)?.document ?? null;
	}

	async hasContent(hash: string, except: string) {
		return [...this.documents.values()].some(
			({ document }) =>
				document.contentHash === hash && document.source !== except,
		);
	}

	async put(document: NewDocument, chunks: readonly NewChunk[]) {
		this.documents.set(document.source, { document, chunks });
	}

	async confirm(source: string, { etag, lastModified }: KnownPage) {
		const kept = this.documents.get(source);
		if (kept) Object.assign(kept.document, { etag, lastModified });
	}

	async remove(source: string) {
		this.documents.delete(source);
	}
}

let site: TrapSite;
let services: FakeServices;
let extractor: Extractor;
let target: MemoryTarget;
let fetcher: PageFetcher;

/** What happens while somebody waits for the embedding service. */
let pause: () => Promise<void>;

beforeEach(async () => {
	pause = () => delay(10);
	[site, services] = await Promise.all([TrapSite.open(), FakeServices.open()]);
	extractor = new Extractor();
	target = new MemoryTarget();
	fetcher = new PageFetcher({
		userAgent: "GalleyRag/1.0",
		allowedHosts: new Set([site.host]),
		acceptedTypes: new Set([...readableTypes, "application/xml"]),
		limits: { maxBytes: 2_000_000, maxSeconds: 1 },
	});
});
afterEach(() =>
	Promise.all([
		site.close(),
		services.close(),
		extractor.close(),
		fetcher.close(),
	]),
);

async function run(
	task: IngestTask,
	signal = new AbortController().signal,
	onPage: (page: PageReport) => void = () => undefined,
): Promise<{ counts: JobCounts; pages: Map<string, PageReport> }> {
	const pages = new Map<string, PageReport>();
	const counts = await runIngest(
		task,
		target,
		{
			extractor,
			embeddings: new EmbeddingClient(services.endpoint("embed")),
			patience: new Patience({ mostMs: 300, sleep: async () => pause() }),
			limits: { maxTokens: 60, overlapTokens: 10 },
			fetcher,
			sitemapFetcher: fetcher,
			manners: new SiteManners(
				{
					userAgent: "GalleyRag/1.0",
					leastDelayMs: 0,
					mostDelayMs: 0,
					maxAgeMs: 60_000,
					retryMs: 60_000,
				},
				(url) => fetcher.fetch(url),
			),
			concurrency: 3,
		},
		{
			signal,
			onPage: (page) => {
				pages.set(page.source, page);
				onPage(page);
			},
			file: async (source) => ({
				source,
				contentType: "text/markdown",
				body: Buffer.from("# Notes\n\nA pasted text about rivers."),
			}),
		},
	);
	return { counts, pages };
}

const longText = Array.from(
	{ length: 100 },
	(_, index) =>
		`<h2>Part ${index}</h2><p>${`This is what part ${index} says. `.repeat(9)}</p>`,
).join("");
const text = (about: string) =>
	`<p>${`This page is about ${about}, and it says so at length. `.repeat(6)}</p>`;
const links = (...paths: string[]) =>
	paths.map((path) => `<a href="${path}">${path}</a>`).join(" ");

describe("a crawl", () => {
	test("reads what can be read, says why the rest can't, and ends", async () => {
		const traps = [
			"/loop-a",
			"/private",
			"/metadata",
			"/bomb",
			"/endless",
			"/drip",
			"/broken",
			"/film",
			"/latin",
			"/forbidden/secret",
			"/missing",
			"/noindex",
			"/copy",
			"/good?session=1&utm_source=x",
		];
		site.pages.set("/robots.txt", "User-agent: *\nDisallow: /forbidden/");
		site.pages.set("/", article("Start", text("starting"), links(...traps)));
		site.pages.set("/loop-a", redirectTo("/loop-b"));
		site.pages.set("/loop-b", redirectTo("/loop-a"));
		site.pages.set("/private", redirectTo("http://localhost:1/"));
		site.pages.set("/metadata", redirectTo("http://169.254.169.254/latest/"));
		site.pages.set("/bomb", gzipBomb(100));
		site.pages.set("/endless", endless());
		site.pages.set("/drip", drip(50));
		site.pages.set("/broken", (_, response) => response.writeHead(500).end());
		site.pages.set("/film", (_, response) =>
			response.writeHead(200, { "content-type": "video/mp4" }).end("x"),
		);
		site.pages.set("/latin", (_, response) =>
			response
				.writeHead(200, { "content-type": "text/html; charset=latin1" })
				.end(Buffer.from(article("Caf\xe9", text("caf\xe9s")), "latin1")),
		);
		site.pages.set(
			"/noindex",
			article("Hidden", text("nothing")).replace(
				"<head>",
				'<head><meta name="robots" content="noindex">',
			),
		);
		site.pages.set(
			"/copy",
			article("Start", text("starting"), links(...traps)),
		);
		site.pages.set("/good", article("Good", text("goodness"), links("/")));
		const { counts, pages } = await run({
			kind: "crawl",
			urls: [site.url("/")],
			limits: { maxDepth: 3, maxPages: 50 },
		});
		const fate = (path: string) => {
			const page = pages.get(site.url(path));
			return page?.problem?.code ?? page?.state;
		};
		expect({
			start: fate("/"),
			good: fate("/good?session=1"),
			latin: fate("/latin"),
			copy: fate("/copy"),
			loop: fate("/loop-a"),
			private: fate("/private"),
			metadata: fate("/metadata"),
			bomb: fate("/bomb"),
			endless: fate("/endless"),
			drip: fate("/drip"),
			broken: fate("/broken"),
			film: fate("/film"),
			forbidden: fate("/forbidden/secret"),
			missing: fate("/missing"),
			noindex: fate("/noindex"),
		}).toEqual({
			start: "stored",
			good: "stored",
			latin: "stored",
			copy: "unchanged",
			loop: "too_many_redirects",
			private: "private_address",
			metadata: "private_address",
			bomb: "too_large",
			endless: "too_large",
			drip: "too_slow",
			broken: "http_status",
			film: "unsupported_type",
			forbidden: "robots",
			missing: "http_status",
			noindex: "robots",
		});
		expect(counts).toMatchObject({ stored: 3, unchanged: 1, failed: 11 });
		expect(target.documents.get(site.url("/latin"))?.document.title).toBe(
			"Café",
		);
		expect(site.asked).not.toContain("/forbidden/secret");
	});

	test("run again it embeds nothing twice, and takes what has changed", async () => {
		site.pages.set("/", article("Start", text("starting"), links("/a", "/b")));
		site.pages.set("/a", article("A", text("apples")));
		site.pages.set("/b", article("B", text("bears")));
		const crawl: IngestTask = {
			kind: "crawl",
			urls: [site.url("/")],
			limits: { maxDepth: 1, maxPages: 10 },
		};
		await run(crawl);
		const embedded = () =>
			services.asked.filter(({ path }) => path === "/v1/embeddings").length;
		const before = embedded();
		expect((await run(crawl)).counts).toMatchObject({ unchanged: 3 });
		expect(embedded()).toBe(before);
		site.pages.set("/b", article("B", text("butterflies")));
		expect((await run(crawl)).counts).toMatchObject({
			stored: 1,
			unchanged: 2,
		});
		expect(target.documents.get(site.url("/b"))?.document.markdown).toContain(
			"butterflies",
		);
	});

	test("says what truly fails: no such host, nothing listens, an answer that breaks off, robots.txt that can't be read", async () => {
		const gone = await TrapSite.open();
		const refused = gone.url("/a");
		await gone.close();
		const broken = await TrapSite.open();
		broken.pages.set("/robots.txt", (_, response) =>
			response.writeHead(503).end(),
		);
		site.pages.set("/cut", (request) => request.socket.destroy());
		const unknown = "http://nobody.invalid/";
		const failing = broken.url("/a");
		await fetcher.close();
		fetcher = new PageFetcher({
			userAgent: "GalleyRag/1.0",
			allowedHosts: new Set(["127.0.0.1"]),
			acceptedTypes: readableTypes,
		});
		const { pages } = await run({
			kind: "urls",
			urls: [unknown, refused, failing, site.url("/cut")],
		});
		await broken.close();
		expect(
			Object.fromEntries(
				[...pages].map(([source, { problem }]) => [source, problem?.code]),
			),
		).toEqual({
			// Machines without a name server say that it didn't answer.
			[unknown]: expect.stringMatching(/^dns/),
			[refused]: "refused",
			[failing]: "robots_unreadable",
			[site.url("/cut")]: "broken_off",
		});
		expect(pages.get(refused)?.problem?.message).toMatch(
			/^127\.0\.0\.1:\d+ refused the connection/,
		);
	});

	test("can be stopped at any time", async () => {
		site.pages.set("/", article("Start", text("starting"), links("/drip")));
		site.pages.set("/drip", drip(50));
		const controller = new AbortController();
		const running = run(
			{
				kind: "crawl",
				urls: [site.url("/")],
				limits: { maxDepth: 1, maxPages: 10 },
			},
			controller.signal,
		);
		setTimeout(() => controller.abort(new Error("cancelled")), 200);
		await expect(running).rejects.toThrow("cancelled");
	});
});

describe("other tasks", () => {
	test("a sitemap's pages, of its own host", async () => {
		site.pages.set("/sitemap.xml", (_, response) =>
			response
				.writeHead(200, { "content-type": "application/xml" })
				.end(
					`<urlset><url><loc>${site.url("/a")}</loc></url><url><loc>http://10.0.0.1/</loc></url></urlset>`,
				),
		);
		site.pages.set("/a", article("A", text("apples")));
		const { counts } = await run({
			kind: "sitemap",
			url: site.url("/sitemap.xml"),
			maxPages: 10,
		});
		expect(counts).toMatchObject({ pages: 1, stored: 1, failed: 0 });
	});

	test("files, with chunks that know their place and have a vector each", async () => {
		const { counts } = await run({ kind: "files", files: ["note:rivers"] });
		expect(counts).toMatchObject({ stored: 1, chunks: 1 });
		const { document, chunks } = target.documents.get("note:rivers") ?? {};
		expect(document?.title).toBe("Notes");
		expect(chunks?.[0]?.vector.length).toBe(64);
		expect(document?.markdown.slice(chunks?.[0]?.start, chunks?.[0]?.end)).toBe(
			chunks?.[0]?.text,
		);
	});

	test("a page that has gone from the web goes from the collection", async () => {
		site.pages.set("/a", article("A", text("apples")));
		await run({ kind: "urls", urls: [site.url("/a")] });
		site.pages.delete("/a");
		const { counts } = await run({
			kind: "refresh",
			sources: [site.url("/a")],
		});
		expect(counts).toMatchObject({ removed: 1 });
		expect(target.documents.size).toBe(0);
	});

	test("an embedding service that is busy is waited for, one that refuses fails the page alone", async () => {
		site.pages.set("/a", article("A", text("apples")));
		site.pages.set("/b", article("B", text("bears")));
		services.failures.push(503, 429);
		expect(
			(await run({ kind: "urls", urls: [site.url("/a")] })).counts,
		).toMatchObject({ stored: 1 });
		services.failures.push(400);
		const { pages } = await run({ kind: "urls", urls: [site.url("/b")] });
		expect(pages.get(site.url("/b"))?.problem).toMatchObject({
			code: "embedding_failed",
			message: expect.stringContaining("not now"),
		});
	});

	test("an embedding service that goes away in the middle of a document is waited for; until it is back nothing of it is stored", async () => {
		site.pages.set("/long", article("Long", longText));
		let waits = 0;
		services.fail = ({ path }) => {
			const isSecondBatch =
				services.asked.filter(({ path }) => path === "/v1/embeddings").length >
				1;
			return path === "/v1/embeddings" && isSecondBatch && waits < 3
				? 503
				: null;
		};
		pause = async () => {
			waits++;
			expect(target.documents.size).toBe(0);
		};
		const states: string[] = [];
		const { counts } = await run(
			{ kind: "urls", urls: [site.url("/long")] },
			undefined,
			({ state, problem }) => states.push(problem?.code ?? state),
		);
		expect(waits).toBe(3);
		expect(counts).toMatchObject({ stored: 1, failed: 0 });
		expect(counts.chunks).toBeGreaterThan(64);
		// Who looks on is told why nothing happens, and that it goes on.
		expect(states.slice(-6)).toEqual([
			...["embedding_away", "embedding_away", "embedding_away"],
			...["embedding", "embedding", "stored"],
		]);
	});

	test("one that stays away is given up, and each page says so", async () => {
		for (const path of ["/a", "/b", "/c", "/d"])
			site.pages.set(path, article(path, text(path)));
		services.fail = ({ path }) => (path === "/v1/embeddings" ? 503 : null);
		const { counts, pages } = await run({
			kind: "urls",
			urls: ["/a", "/b", "/c", "/d"].map((path) => site.url(path)),
		});
		expect(counts).toMatchObject({ stored: 0, failed: 4 });
		expect(target.documents.size).toBe(0);
		expect(pages.get(site.url("/d"))?.problem).toMatchObject({
			code: "embedding_away",
			message: expect.stringMatching(/503.*waited for/),
		});
	});
});
