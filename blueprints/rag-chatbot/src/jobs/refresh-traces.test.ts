import { randomUUID } from "node:crypto";
import type { Database } from "galley/store";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type {
	DocumentShape,
	PassageShape,
	WholeDocumentShape,
	WholeJobShape,
} from "../api/shapes.ts";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";
import { article, redirectTo, TrapSite } from "../testing/trap-site.ts";
import type { Job } from "./job.ts";

let database: Database;
let site: TrapSite;
let server: TestServer;
let collectionId: string;

beforeAll(async () => {
	[database, site] = await Promise.all([openTestDatabase(), TrapSite.open()]);
	server = await openTestServer(database, { ALLOWED_HOSTS: "127.0.0.1" });
}, 60_000);
afterAll(async () => {
	await server.close();
	await Promise.all([site.close(), database.close()]);
});
beforeEach(async () => {
	({ id: collectionId } = await send<{ id: string }>("POST", "/collections", {
		name: randomUUID(),
	}));
});

async function send<Answer>(
	method: "GET" | "POST",
	path: string,
	payload?: object,
): Promise<Answer> {
	const url = `/v1${path}`;
	const request = { method, url, ...(payload && { payload }) };
	const answer = await server.app.inject(request);
	expect(answer.statusCode, answer.body).toBeLessThan(300);
	return answer.json();
}

/** How each page fared in the end. */
async function fatesOf(job: Job): Promise<Record<string, string>> {
	const { jobs } = server.application;
	for await (const event of jobs.watch(job, AbortSignal.timeout(20_000)))
		if (event.type === "end") break;
	const { pages } = await send<WholeJobShape>("GET", `/jobs/${job.id}`);
	return Object.fromEntries(
		pages.map(({ source, state, problem }) => [source, problem?.code ?? state]),
	);
}

async function read(...urls: string[]) {
	const { job } = await send<{ job: Job }>(
		"POST",
		`/collections/${collectionId}/ingest`,
		{ urls, refreshHours: 1 },
	);
	return fatesOf(job);
}

/** The hour is over. */
async function readAgain() {
	const { jobs } = server.application;
	const due = await database.query(
		"update rag_jobs set next_run_at = now() where collection_id = $1::uuid and next_run_at is not null returning id",
		[collectionId],
	);
	expect(due).toHaveLength(1);
	await jobs.repeatDue();
	return fatesOf((await jobs.list(collectionId))[0] as Job);
}

async function documents() {
	const { documents } = await send<{ documents: DocumentShape[] }>(
		"GET",
		`/collections/${collectionId}/documents`,
	);
	const whole = await Promise.all(
		documents.map(({ id }) =>
			send<WholeDocumentShape>("GET", `/documents/${id}`),
		),
	);
	return new Map(whole.map((document) => [document.source, document]));
}

const text = (about: string) =>
	article(
		about,
		`<p>${`This page speaks of ${about} at length. `.repeat(8)}</p>`,
	);

/** A page with a tag: whoever has it gets 304. */
function tagged(path: string): string {
	site.pages.set(path, (request, response) => {
		const isKnown = request.headers["if-none-match"] === '"1"';
		response.writeHead(isKnown ? 304 : 200, {
			"content-type": "text/html",
			etag: '"1"',
		});
		response.end(isKnown ? undefined : text(path.slice(1)));
	});
	return site.url(path);
}

test("a page that is answered 304 has been looked at, and its trouble is over", async () => {
	const url = tagged("/buoys");
	expect(await read(url)).toEqual({ [url]: "stored" });
	const first = (await documents()).get(url);
	site.pages.set("/buoys", (_, response) => response.writeHead(500).end());
	expect(await readAgain()).toEqual({ [url]: "http_status" });
	const second = (await documents()).get(url);
	expect(second).toMatchObject({
		state: "ready",
		markdown: first?.markdown,
		problem: { code: "http_status" },
	});
	tagged("/buoys");
	expect(await readAgain()).toEqual({ [url]: "unchanged" });
	const { checkedAt, ...third } = (await documents()).get(url) ?? {};
	expect({ ...third, checkedAt: null }).toEqual({ ...first, checkedAt: null });
	expect(Date.parse(checkedAt ?? "")).toBeGreaterThan(
		Date.parse(second?.checkedAt ?? ""),
	);
});

test("a page that was redirected to goes when it is gone, and the address that was asked for says why", async () => {
	site.pages.set("/old", redirectTo("/new"));
	site.pages.set("/new", text("ferries"));
	expect(await read(site.url("/old"))).toMatchObject({
		[site.url("/new")]: "stored",
	});
	site.pages.set("/new", (_, response) => response.writeHead(410).end());
	expect(await readAgain()).toEqual({
		[site.url("/new")]: "removed",
		[site.url("/old")]: "http_status",
	});
	expect([...(await documents()).values()]).toMatchObject([
		{ source: site.url("/old"), state: "failed", markdown: "", pieces: [] },
	]);
});

test("a server that is down takes nothing away, nor what stands beside it", async () => {
	const other = await TrapSite.open();
	other.pages.set("/harbours", text("harbours"));
	const [here, there] = [tagged("/anchors"), other.url("/harbours")];
	await read(here, there);
	const before = (await documents()).get(there);
	await other.close();
	expect(await readAgain()).toEqual({
		[here]: "unchanged",
		// robots.txt may still be known.
		[there]: expect.stringMatching(/^(refused|robots_unreadable)$/),
	});
	expect((await documents()).get(there)).toMatchObject({
		state: "ready",
		markdown: before?.markdown,
		pieces: before?.pieces,
	});
	const { passages } = await send<{ passages: PassageShape[] }>(
		"POST",
		"/search",
		{ query: "harbours", collections: [collectionId] },
	);
	expect(passages[0]?.text).toContain("speaks of harbours");
});
