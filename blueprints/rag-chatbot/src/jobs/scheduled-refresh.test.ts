import type { ServerResponse } from "node:http";
import type { Database } from "galley/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";
import { article, TrapSite } from "../testing/trap-site.ts";
import type { Job } from "./job.ts";

let database: Database;
let site: TrapSite;
let server: TestServer;
let collectionId: string;
const principal = { id: "local" };

beforeAll(async () => {
	database = await openTestDatabase();
	site = await TrapSite.open();
	server = await openTestServer(database, { ALLOWED_HOSTS: site.host });
	({ id: collectionId } = await server.application.base.collections.create(
		principal,
		{ name: "site", embeddingModel: "embed", dimensions: 64 },
	));
}, 60_000);
afterAll(async () => {
	await server.close();
	await site.close();
	await database.close();
});

const text = (about: string) =>
	article(about, `<p>${`This page is about ${about}. `.repeat(9)}</p>`);

/** A page of that version, by tag and by date, and the statuses that it was answered with. */
function versioned(path: string, by: "etag" | "last-modified") {
	const state = { version: 1, about: path.slice(1), statuses: [] as number[] };
	const answer = (response: ServerResponse, status: number, body = "") => {
		state.statuses.push(status);
		response.writeHead(status, {
			"content-type": "text/html",
			[by]: stamp(),
		});
		response.end(body);
	};
	const stamp = () =>
		by === "etag"
			? `"v${state.version}"`
			: new Date(Date.UTC(2026, 0, state.version)).toUTCString();
	site.pages.set(path, (request, response) => {
		const known =
			request.headers[by === "etag" ? "if-none-match" : "if-modified-since"];
		if (known === stamp()) answer(response, 304);
		else answer(response, 200, text(`${state.about} ${state.version}`));
	});
	return state;
}

async function ended(job: Job): Promise<Job> {
	const { jobs } = server.application;
	for await (const event of jobs.watch(job, AbortSignal.timeout(20_000)))
		if (event.type === "end") return event.job;
	throw new Error("The job didn't end.");
}

/** As the clock does it when the hours are over. */
async function repeat(): Promise<Job> {
	const { jobs } = server.application;
	await database.query(
		"update rag_jobs set next_run_at = now() where next_run_at is not null",
	);
	await jobs.repeatDue();
	return ended((await jobs.list(collectionId))[0] as Job);
}

test("a scheduled refresh asks for what has changed: 304 leaves a page, 200 replaces it, 404 and 410 take it away, a server in trouble keeps it", async () => {
	const tagged = versioned("/tagged", "etag");
	const dated = versioned("/dated", "last-modified");
	for (const path of ["/lost", "/gone", "/ill"])
		site.pages.set(path, text(path.slice(1)));
	const paths = ["/tagged", "/dated", "/lost", "/gone", "/ill"];
	const { jobs, base } = server.application;
	const first = await jobs.add({
		principal: principal.id,
		collectionId,
		task: { kind: "urls", urls: paths.map((path) => site.url(path)) },
		refreshHours: 24,
	});
	expect((await ended(first)).counts).toMatchObject({ stored: 5, failed: 0 });
	const embedded = server.services.asked.length;
	const stored = async (path: string) =>
		base.documents.bySource(principal, collectionId, site.url(path));

	// Nothing has changed: nothing is sent, nothing embedded.
	expect((await repeat()).counts).toMatchObject({ unchanged: 5, stored: 0 });
	expect([tagged.statuses, dated.statuses]).toEqual([
		[200, 304],
		[200, 304],
	]);
	expect(server.services.asked).toHaveLength(embedded);

	const before = await stored("/dated");
	tagged.version = 2;
	site.pages.delete("/lost");
	site.pages.set("/gone", (_, response) => {
		response.writeHead(410).end();
	});
	site.pages.set("/ill", (_, response) => {
		response.writeHead(500).end();
	});
	expect((await repeat()).counts).toMatchObject({
		stored: 1,
		unchanged: 1,
		removed: 2,
		failed: 1,
	});
	expect(tagged.statuses).toEqual([200, 304, 200]);
	expect(dated.statuses).toEqual([200, 304, 304]);
	const [passage] = await base.search(principal, {
		text: "tagged",
		vector: null,
	});
	expect(passage?.text).toContain("This page is about tagged 2.");
	expect((await stored("/dated"))?.contentHash).toBe(before?.contentHash);
	expect(await stored("/ill")).toMatchObject({ state: "ready" });
	for (const path of ["/lost", "/gone"]) expect(await stored(path)).toBeNull();

	// The new tag is the one that is asked with now.
	await repeat();
	expect(tagged.statuses).toEqual([200, 304, 200, 304]);
}, 60_000);
