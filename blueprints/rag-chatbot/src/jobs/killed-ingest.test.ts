import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KnowledgeBase, openDatabase } from "galley/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WholeJobShape } from "../api/shapes.ts";
import { FakeServices } from "../testing/fake-services.ts";
import { article, TrapSite } from "../testing/trap-site.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let directory: string;
let site: TrapSite;
let services: FakeServices;
let child: ChildProcess | null = null;

beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), "rag-killed-"));
	[site, services] = await Promise.all([TrapSite.open(), FakeServices.open()]);
});
afterEach(async () => {
	await kill();
	await Promise.all([site.close(), services.close()]);
	await rm(directory, { recursive: true });
});

/** Where the server listens. */
async function start(): Promise<string> {
	const { baseUrl } = services.endpoint("embed");
	child = spawn(
		process.execPath,
		[
			"--import",
			import.meta.resolve("tsx"),
			here("../testing/ingest-server.ts"),
		],
		{
			env: {
				...process.env,
				TSX_TSCONFIG_PATH: here("../../tsconfig.source.json"),
				RAG_DATA_DIR: directory,
				RAG_LOG_LEVEL: "silent",
				EMBEDDING_URL: baseUrl,
				CHAT_URL: "none",
				RERANK_URL: "none",
				ALLOWED_HOSTS: site.host,
				CRAWL_DELAY_MS: "0",
				INGEST_CONCURRENCY: "1",
			},
			stdio: ["ignore", "pipe", "inherit"],
		},
	);
	const lines = createInterface({
		input: child.stdout as NodeJS.ReadableStream,
	});
	const [address] = (await once(lines, "line")) as [string];
	return address;
}

async function kill(): Promise<void> {
	if (child === null) return;
	const gone = once(child, "exit");
	if (child.exitCode === null && child.kill("SIGKILL")) await gone;
	child = null;
}

async function ask<Answer>(
	url: string,
	method = "GET",
	body?: object,
): Promise<Answer> {
	const response = await fetch(url, {
		method,
		...(body === undefined
			? {}
			: {
					body: JSON.stringify(body),
					headers: { "content-type": "application/json" },
				}),
	});
	return (await response.json()) as Answer;
}

test("a server that is killed while it reads goes on after its restart, and nothing is half there", async () => {
	const pages = Array.from({ length: 12 }, (_, index) => `/page-${index}`);
	for (const path of pages)
		site.pages.set(
			path,
			article(
				path,
				`<p>${`All about ${path} and its friends. `.repeat(40)}</p>`,
			),
		);
	const address = await start();
	const { id } = await ask<{ id: string }>(
		`${address}/v1/collections`,
		"POST",
		{ name: "site" },
	);
	const { job } = await ask<{ job: { id: string } }>(
		`${address}/v1/collections/${id}/ingest`,
		"POST",
		{ urls: pages.map((path) => site.url(path)) },
	);
	await expect
		.poll(() => site.asked.length, { timeout: 60_000, interval: 5 })
		.toBeGreaterThan(5);
	await kill();
	const again = await start();
	await expect
		.poll(
			async () =>
				(await ask<WholeJobShape>(`${again}/v1/jobs/${job.id}`)).state,
			{ timeout: 60_000 },
		)
		.toBe("finished");
	const { counts } = await ask<WholeJobShape>(`${again}/v1/jobs/${job.id}`);
	expect(counts.stored + counts.unchanged).toBe(pages.length);
	// It was in the middle of it, and what it had was not read anew.
	expect(counts.stored).toBeGreaterThan(0);
	expect(counts.unchanged).toBeGreaterThan(0);
	await kill();
	const database = await openDatabase({
		directory: join(directory, "database"),
	});
	try {
		const base = new KnowledgeBase(database);
		await base.recover();
		expect(await base.findFaults()).toEqual([]);
	} finally {
		await database.close();
	}
}, 240_000);
