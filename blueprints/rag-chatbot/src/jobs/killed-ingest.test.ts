import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnowledgeBase, openDatabase } from "galley/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WholeJobShape } from "../api/shapes.ts";
import { FakeServices } from "../testing/fake-services.ts";
import { SpawnedServer } from "../testing/spawned-server.ts";
import { article, TrapSite } from "../testing/trap-site.ts";

let directory: string;
let site: TrapSite;
let services: FakeServices;
let servers: SpawnedServer[];

beforeEach(async () => {
	servers = [];
	directory = await mkdtemp(join(tmpdir(), "rag-killed-"));
	[site, services] = await Promise.all([TrapSite.open(), FakeServices.open()]);
});
afterEach(async () => {
	await Promise.all(servers.map((server) => server.kill()));
	await Promise.all([site.close(), services.close()]);
	await rm(directory, { recursive: true });
});

async function start(
	more: Record<string, string> = {},
): Promise<SpawnedServer> {
	const server = await SpawnedServer.start({
		RAG_DATA_DIR: directory,
		EMBEDDING_URL: services.endpoint("embed").baseUrl,
		ALLOWED_HOSTS: site.host,
		...more,
	});
	servers.push(server);
	return server;
}

/** So many pages, their addresses. */
function fillSite(count: number): string[] {
	return Array.from({ length: count }, (_, index) => {
		const path = `/page-${index}`;
		const words = `All about ${path} and its friends. `;
		site.pages.set(path, article(path, `<p>${words.repeat(40)}</p>`));
		return site.url(path);
	});
}

test("a server that is killed while it reads goes on after its restart, and nothing is half there", async () => {
	const pages = fillSite(12);
	const server = await start();
	const { id } = await server.ask<{ id: string }>("/v1/collections", "POST", {
		name: "site",
	});
	const { job } = await server.ask<{ job: { id: string } }>(
		`/v1/collections/${id}/ingest`,
		"POST",
		{ urls: pages },
	);
	await expect
		.poll(() => site.asked.length, { timeout: 60_000, interval: 5 })
		.toBeGreaterThan(5);
	await server.kill();
	const again = await start();
	await expect
		.poll(
			async () => (await again.ask<WholeJobShape>(`/v1/jobs/${job.id}`)).state,
			{ timeout: 60_000 },
		)
		.toBe("finished");
	const { counts } = await again.ask<WholeJobShape>(`/v1/jobs/${job.id}`);
	expect(counts.stored + counts.unchanged).toBe(pages.length);
	// It was in the middle of it, and what it had was not read anew.
	expect(counts.stored).toBeGreaterThan(0);
	expect(counts.unchanged).toBeGreaterThan(0);
	await again.kill();
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

const postgres = process.env.GALLEY_TEST_DATABASE_URL;

test.skipIf(postgres === undefined)(
	"on one PostgreSQL another process takes over what a killed one was reading, and finishes it (needs GALLEY_TEST_DATABASE_URL)",
	async () => {
		const administrator = await openDatabase({ url: postgres ?? null });
		const name = `galley_test_${randomUUID().replaceAll("-", "")}`;
		await administrator.query(`create database ${name}`);
		const own = new URL(postgres ?? "");
		own.pathname = name;
		try {
			const shared = { DATABASE_URL: own.href, INGEST_LEASE_SECONDS: "1.5" };
			const [holder, other] = await Promise.all([start(shared), start(shared)]);
			const { id } = await holder.ask<{ id: string }>(
				"/v1/collections",
				"POST",
				{ name: "site" },
			);
			const pages = fillSite(40);
			const { job } = await holder.ask<{ job: { id: string } }>(
				`/v1/collections/${id}/ingest`,
				"POST",
				{ urls: pages },
			);
			await expect
				.poll(() => site.asked.length, { timeout: 60_000, interval: 5 })
				.toBeGreaterThan(5);
			const state = async () =>
				(await other.ask<WholeJobShape>(`/v1/jobs/${job.id}`)).state;
			expect(await state()).toBe("running");
			await holder.kill();
			await expect.poll(state, { timeout: 60_000 }).toBe("finished");
			const { counts } = await other.ask<WholeJobShape>(`/v1/jobs/${job.id}`);
			expect(counts).toMatchObject({ pages: 40, failed: 0 });
			expect(counts.stored + counts.unchanged).toBe(40);
			expect(counts.unchanged).toBeGreaterThan(0);
			await other.kill();
			const database = await openDatabase({ url: own.href });
			try {
				const base = new KnowledgeBase(database);
				await base.recover();
				expect(await base.findFaults()).toEqual([]);
			} finally {
				await database.close();
			}
		} finally {
			await Promise.all(servers.map((server) => server.kill()));
			await administrator.query(`drop database ${name} with (force)`);
			await administrator.close();
		}
	},
	240_000,
);
