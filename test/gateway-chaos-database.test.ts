import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toKebabCase } from "../src/config/option.ts";
import { type Fleet, readFleetFile } from "../src/gateway/fleet/fleet-file.ts";
import { RunningFleet } from "../src/gateway/fleet/running-fleet.ts";
import { LateDatabase } from "../src/gateway/late-database.ts";
import { gatewayMigrations } from "../src/gateway/open-access.ts";
import {
	createPostgresServer,
	type PostgresServer,
	postgresPrograms,
} from "../src/gateway/testing/postgres-server.ts";
import { migrate } from "../src/store/migrations/migrate.ts";
import { openServerDatabase } from "../src/store/server/server-database.ts";

const programs = postgresPrograms();
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const clients = 16;
const usage = { prompt_tokens: 20, completion_tokens: 3, total_tokens: 23 };
const answer = JSON.stringify({
	object: "chat.completion",
	choices: [{ index: 0, message: { role: "assistant", content: "hi" } }],
	usage,
});

/** Needs a PostgreSQL: Debian's package, or GALLEY_TEST_POSTGRES_BIN. */
describe.skipIf(programs === null)("the database server is killed", () => {
	let upstream: Server;
	let directory: string;
	let postgres: PostgresServer;
	let file: Fleet;
	let fleet: RunningFleet;
	let admin: string | undefined;
	let app: string;

	beforeAll(async () => {
		upstream = createServer((request, response) => {
			request.resume();
			request.on("end", () =>
				response
					.writeHead(200, { "content-type": "application/json" })
					.end(answer),
			);
		});
		await new Promise<void>((resolve) =>
			upstream.listen(0, "127.0.0.1", resolve),
		);
		const { port } = upstream.address() as AddressInfo;
		directory = await mkdtemp(join(tmpdir(), "galley-chaos-database-"));
		postgres = await createPostgresServer(programs as string, tmpdir());
		await postgres.start();
		({ fleet: file } = readFleetFile(`
gateway: { port: 1 }
upstreams: [{ name: afar, url: "http://127.0.0.1:${port}/v1", models: [big] }]
prices: { big: { inputPerMillion: 1000, outputPerMillion: 2000 } }
`) as { fleet: Fleet });
		fleet = await openFleet();
		admin = await create({ name: "admin", scopes: ["admin", "read"] });
		app = await create({
			name: "app",
			limits: {
				requestsPerMinute: 1_000_000,
				tokensPerDay: 1_000_000_000,
				concurrency: 1000,
				spendUsd: 1_000_000,
			},
		});
	}, 120_000);

	afterAll(async () => {
		await fleet?.close();
		upstream?.close();
		await postgres?.close();
		await rm(directory, { recursive: true, force: true });
	});

	function openFleet(): Promise<RunningFleet> {
		return RunningFleet.open({
			fleet: { ...file, gateway: { ...file.gateway, port: 0 } },
			command: { executable: process.execPath, words: [] },
			environment: {},
			runDirectory: join(directory, "run"),
			usageDirectory: join(directory, "usage"),
			toOptionName: toKebabCase,
			keyHashes: [],
			database: new LateDatabase(async () => {
				const database = await openServerDatabase({ url: postgres.url });
				try {
					await migrate(database, gatewayMigrations);
					return database;
				} catch (error) {
					await database.close();
					throw error;
				}
			}),
			logger: silent,
		});
	}

	async function create(body: object): Promise<string> {
		const response = await fetch(`${fleet.address}/v1/keys`, {
			method: "POST",
			headers: admin === undefined ? {} : { authorization: `Bearer ${admin}` },
			body: JSON.stringify(body),
		});
		expect(response.status).toBe(201);
		return ((await response.json()) as { key: string }).key;
	}

	const ask = (key: string) =>
		fetch(`${fleet.address}/v1/chat/completions`, {
			method: "POST",
			headers: { authorization: `Bearer ${key}` },
			body: JSON.stringify({
				model: "big",
				messages: [{ role: "user", content: "hello" }],
				max_tokens: 8,
			}),
		});

	/** Clients that ask without a pause, until they are told to stop. */
	function load(key: string) {
		const seen = { answered: 0, failures: [] as string[], isOver: false };
		const client = async () => {
			while (!seen.isOver) {
				const response = await ask(key);
				const text = await response.text();
				if (response.status === 200) seen.answered++;
				else seen.failures.push(`${response.status} ${text}`);
			}
		};
		const all = Promise.all(Array.from({ length: clients }, client));
		return {
			seen,
			async stop() {
				seen.isOver = true;
				await all;
				return seen;
			},
		};
	}

	async function usageOf(name: string) {
		const response = await fetch(`${fleet.address}/v1/usage?by=key`, {
			headers: { authorization: `Bearer ${admin}` },
		});
		if (response.status !== 200) return null;
		const { rows } = (await response.json()) as {
			rows: Record<string, unknown>[];
		};
		const row = rows.find(({ keyName }) => keyName === name);
		return row === undefined ? null : row;
	}

	async function untilUsed(name: string, requests: number) {
		for (;;) {
			const row = await usageOf(name);
			if (row !== null && Number(row.requests) >= requests) return row;
			await delay(100);
		}
	}

	const whole = (requests: number) => ({
		requests,
		errors: 0,
		promptTokens: 20 * requests,
		completionTokens: 3 * requests,
	});

	test("again and again under load: every request is answered, and all usage is there in the end, once", async () => {
		const running = load(app);
		for (const aliveMs of [900, 1130, 670, 1010]) {
			await delay(aliveMs);
			const before = running.seen.answered;
			await postgres.kill();
			await delay(1500);
			expect(running.seen.answered).toBeGreaterThan(before);
			await postgres.start();
		}
		await delay(500);
		const { answered, failures } = await running.stop();
		expect(failures).toEqual([]);
		expect(await untilUsed("app", answered)).toMatchObject(whole(answered));
		// What comes late would be what was counted twice.
		await delay(2500);
		const row = await usageOf("app");
		expect(row).toMatchObject(whole(answered));
		expect(Number(row?.costUsd)).toBeCloseTo(answered * 0.026, 3);
	}, 120_000);

	test("the gateway ends meanwhile: the next one brings the usage", async () => {
		const key = await create({ name: "late" });
		expect((await ask(key)).status).toBe(200);
		await untilUsed("late", 1);
		await postgres.kill();
		const running = load(key);
		await delay(1000);
		const { answered, failures } = await running.stop();
		expect(failures).toEqual([]);
		await fleet.close();
		await postgres.start();
		fleet = await openFleet();
		const row = await untilUsed("late", answered + 1);
		expect(row).toMatchObject(whole(answered + 1));
	}, 60_000);

	test("keys that are known go on; one that isn't hears that it can't be said now, not that it is wrong", async () => {
		const key = await create({ name: "known" });
		const nobodys = `gk_${"x".repeat(43)}`;
		expect((await ask(key)).status).toBe(200);
		await postgres.kill();
		expect((await ask(key)).status).toBe(200);
		await delay(1200);
		expect((await ask(key)).status).toBe(200);
		const unknown = await ask(nobodys);
		expect(unknown.status).toBe(503);
		expect(unknown.headers.get("retry-after")).not.toBeNull();
		const page = await fetch(`${fleet.address}/v1/keys`, {
			headers: { authorization: `Bearer ${admin}` },
		});
		expect(page.status).toBe(503);
		await postgres.start();
		while ((await ask(nobodys)).status !== 401) await delay(100);
		expect(await create({ name: "after" })).toMatch(/^gk_/);
	}, 60_000);
});
