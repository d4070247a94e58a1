import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "galley/store";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import {
	openTestDatabase,
	openTestServer,
	type TestServer,
} from "../testing/test-server.ts";
import { article, TrapSite } from "../testing/trap-site.ts";
import type { Job } from "./job.ts";
import type { JobManager } from "./job-manager.ts";
import { UploadTable } from "./upload-table.ts";

let database: Database;
let site: TrapSite;
let server: TestServer;
let jobs: JobManager;
let collectionId: string;
const principal = { id: "local" };

beforeAll(async () => {
	database = await openTestDatabase();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
	site = await TrapSite.open();
	server = await openTestServer(database, { ALLOWED_HOSTS: site.host });
	jobs = server.application.jobs;
	collectionId = await newCollection();
});
afterEach(async () => {
	expect(server.problems).toEqual([]);
	await database.query("delete from rag_jobs");
	await server.close();
	await site.close();
});

async function newCollection(): Promise<string> {
	const { id } = await server.application.base.collections.create(principal, {
		name: randomUUID(),
		embeddingModel: "embed",
		dimensions: 64,
	});
	return id;
}

const page = (about: string, links = "") =>
	article(about, `<p>${`This page is about ${about}. `.repeat(9)}</p>`, links);
const link = (path: string) => `<a href="${path}">${path}</a>`;

async function ended(job: Job): Promise<Job> {
	for await (const event of jobs.watch(job, AbortSignal.timeout(20_000)))
		if (event.type === "end") return event.job;
	throw new Error("The job didn't end.");
}

function read(paths: string[], more: { refreshHours?: number } = {}) {
	return jobs.add({
		principal: principal.id,
		collectionId,
		task: { kind: "urls", urls: paths.map((path) => site.url(path)) },
		...more,
	});
}

describe("a job", () => {
	test("that is watched tells each page's end, also to one who comes late", async () => {
		site.pages.set("/a", page("apples"));
		const job = await read(["/a", "/missing"]);
		await ended(job);
		const states: string[] = [];
		for await (const event of jobs.watch(job, AbortSignal.timeout(5000)))
			states.push(event.type === "page" ? event.page.state : "end");
		expect(states).toEqual(["failed", "stored", "end"]);
		// What was asked for by name is listed with its reason.
		const { documents } = await server.application.base.documents.list(
			principal,
			collectionId,
		);
		expect(documents.map(({ state }) => state)).toEqual(["ready", "failed"]);
	});

	test("waits for the one before it in its collection", async () => {
		site.pages.set("/slow", () => undefined);
		site.pages.set("/a", page("apples"));
		const slow = await read(["/slow"]);
		const next = await read(["/a"]);
		await expect.poll(() => site.asked).toContain("/slow");
		expect((await jobs.get(next.id))?.state).toBe("waiting");
		await jobs.cancel((await jobs.get(slow.id)) as Job);
		expect((await jobs.get(slow.id))?.state).toBe("cancelled");
		expect((await ended(next)).counts.stored).toBe(1);
	});

	test("that waits can be cancelled and never runs", async () => {
		site.pages.set("/slow", () => undefined);
		const slow = await read(["/slow"]);
		const next = await read(["/a"]);
		await jobs.cancel((await jobs.get(next.id)) as Job);
		await jobs.cancel((await jobs.get(slow.id)) as Job);
		expect((await jobs.get(next.id))?.state).toBe("cancelled");
		expect(site.asked).not.toContain("/a");
	});

	test("whose collection goes ends", async () => {
		site.pages.set("/slow", () => undefined);
		const slow = await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		await jobs.cancelAll(collectionId);
		await server.application.base.collections.remove(principal, collectionId);
		expect(await jobs.get(slow.id)).toBeNull();
	});

	test("goes on where a shutdown stopped it", async () => {
		let isSlow = true;
		site.pages.set("/a", page("apples"));
		site.pages.set("/b", (_, response) => {
			if (!isSlow)
				response
					.writeHead(200, { "content-type": "text/html" })
					.end(page("bananas"));
		});
		const job = await read(["/a", "/b"]);
		await expect.poll(() => site.asked).toContain("/b");
		await server.close();
		isSlow = false;
		server = await openTestServer(database, { ALLOWED_HOSTS: site.host });
		jobs = server.application.jobs;
		const { state, counts } = await ended((await jobs.get(job.id)) as Job);
		expect(state).toBe("finished");
		expect(counts.stored + counts.unchanged).toBe(2);
	});

	test("is repeated: what is new comes, what is gone goes, also what no page links to any more", async () => {
		site.pages.set("/", page("start", link("/old") + link("/kept")));
		site.pages.set("/old", page("old things"));
		site.pages.set("/kept", page("kept things"));
		const first = await jobs.add({
			principal: principal.id,
			collectionId,
			task: {
				kind: "crawl",
				urls: [site.url("/")],
				limits: { maxDepth: 2, maxPages: 20 },
			},
			refreshHours: 1,
		});
		const { counts, nextRunAt } = await ended(first);
		expect(counts.stored).toBe(3);
		expect(nextRunAt?.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
		site.pages.delete("/old");
		site.pages.set("/", page("start", link("/new") + link("/kept")));
		site.pages.set("/new", page("new things"));
		await database.query("update rag_jobs set next_run_at = now()");
		await jobs.repeatDue();
		await jobs.repeatDue();
		const all = await jobs.list(collectionId);
		expect(all).toHaveLength(2);
		const second = await ended(all[0] as Job);
		expect(second.counts).toMatchObject({ stored: 2, removed: 1, failed: 0 });
		expect(second.nextRunAt).not.toBeNull();
		expect((await jobs.get(first.id))?.nextRunAt).toBeNull();
		await jobs.cancel(second);
		expect((await jobs.get(second.id))?.nextRunAt).toBeNull();
	});
});

describe("two servers on one database", () => {
	let other: TestServer;
	const environment = () => ({
		ALLOWED_HOSTS: site.host,
		INGEST_LEASE_SECONDS: "0.9",
	});
	beforeEach(async () => {
		await server.close();
		server = await openTestServer(database, environment());
		other = await openTestServer(database, environment());
		jobs = server.application.jobs;
	});
	afterEach(async () => {
		expect(other.problems).toEqual([]);
		await other.close();
	});

	/** A page that answers once it may. */
	function heldPage(path: string): () => void {
		let open: () => void = () => undefined;
		const opened = new Promise<void>((resolve) => {
			open = resolve;
		});
		site.pages.set(path, (_, response) => {
			void opened.then(() =>
				response
					.writeHead(200, { "content-type": "text/html" })
					.end(page(path)),
			);
		});
		return open;
	}

	test("a job is run by one of them, and can be watched at the other", async () => {
		const open = heldPage("/slow");
		const job = await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		const events: string[] = [];
		const watched = (async () => {
			const signal = AbortSignal.timeout(20_000);
			for await (const event of other.application.jobs.watch(job, signal))
				events.push(event.type === "page" ? event.page.state : event.job.state);
		})();
		// Longer than the lease: who lives keeps its job.
		await delay(1500);
		open();
		await watched;
		expect(events.slice(-2)).toEqual(["stored", "finished"]);
		expect(site.asked.filter((path) => path === "/slow")).toHaveLength(1);
	});

	test("jobs of one collection wait for each other, at whichever server they were asked for", async () => {
		const open = heldPage("/slow");
		await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		site.pages.set("/a", page("apples"));
		const next = await other.application.jobs.add({
			principal: principal.id,
			collectionId,
			task: { kind: "urls", urls: [site.url("/a")] },
		});
		await delay(1200);
		expect((await jobs.get(next.id))?.state).toBe("waiting");
		open();
		expect((await ended(next)).counts.stored).toBe(1);
	});

	test("one server stops what runs at the other", async () => {
		heldPage("/slow");
		const job = await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		await other.application.jobs.cancel(job);
		expect((await jobs.get(job.id))?.state).toBe("cancelled");
	});

	test("what a silent server had is taken over, and it stops when it is told", async () => {
		const open = heldPage("/slow");
		const job = await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		// As if its process had stood still for longer than its lease.
		await database.query(
			"update rag_jobs set held_until = now() - interval '1 second', holder = gen_random_uuid()",
		);
		await expect
			.poll(() => site.asked.filter((path) => path === "/slow").length, {
				timeout: 10_000,
			})
			.toBe(2);
		open();
		const { state, counts } = await ended(job);
		expect(state).toBe("finished");
		expect(counts).toMatchObject({ pages: 1, stored: 1, failed: 0 });
	});

	test("a repetition that is due is made once", async () => {
		site.pages.set("/a", page("apples"));
		const first = await read(["/a"], { refreshHours: 1 });
		await ended(first);
		await database.query("update rag_jobs set next_run_at = now()");
		await Promise.all([jobs.repeatDue(), other.application.jobs.repeatDue()]);
		expect(await jobs.list(collectionId)).toHaveLength(2);
	});

	test("files that were sent to one are read by the other", async () => {
		const open = heldPage("/slow");
		await read(["/slow"]);
		await expect.poll(() => site.asked).toContain("/slow");
		const body = Buffer.alloc(2_300_000, "Words of a long file. ");
		const job = await jobs.add({
			principal: principal.id,
			collectionId,
			task: { kind: "files", files: ["upload:long.txt"] },
			files: [{ source: "upload:long.txt", contentType: "text/plain", body }],
		});
		const uploads = new UploadTable(database);
		const { body: whole } = await uploads.read(job.id, "upload:long.txt");
		expect(Buffer.compare(Buffer.from(whole), body)).toBe(0);
		await other.application.jobs.cancel(job);
		await expect(uploads.read(job.id, "upload:long.txt")).rejects.toThrow(
			"not uploaded",
		);
		open();
	});
});
