import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	copyFileSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
} from "vitest";
import type { LateDatabase } from "../late-database.ts";
import {
	openSharedDatabase,
	type SharedDatabase,
} from "../testing/shared-database.ts";
import { UsageLedger } from "./usage-ledger.ts";
import { readUsageReport, toUsageCsv } from "./usage-report.ts";
import type { UsageRow } from "./usage-row.ts";
import { type BatchId, DatabaseUsage, type UsageStore } from "./usage-store.ts";

let shared: SharedDatabase;
let database: LateDatabase;
let folder = "";

beforeAll(async () => {
	shared = await openSharedDatabase();
	database = shared.open();
	await database.get();
}, 120_000);
afterAll(async () => {
	await shared?.close();
});
beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "galley-usage-"));
	for (const table of ["usage_hours", "usage_writers", "usage_totals"])
		await (await database.get()).query(`delete from ${table}`);
	return () => rmSync(folder, { recursive: true, force: true });
});

const row = (more: Partial<UsageRow> = {}): UsageRow => ({
	hour: "2026-11-23T07:00:00.000Z",
	key: "key_1",
	keyName: "first",
	tenant: "acme",
	model: "m",
	requests: 1,
	errors: 0,
	promptTokens: 10,
	cachedTokens: 4,
	completionTokens: 2,
	estimated: 0,
	seconds: 0.5,
	costUsd: 0.25,
	...more,
});

const warnings: string[] = [];
const logger = {
	warn: (_: object, message: string) => void warnings.push(message),
};
const openLedger = (
	store: UsageStore = new DatabaseUsage(database),
	more: object = {},
) =>
	UsageLedger.open({ directory: folder, store, logger, flushMs: 1e9, ...more });

async function total() {
	const [sum] = await readUsageReport(database, {
		from: new Date(0),
		to: new Date("2100-01-01"),
		by: [],
		key: null,
	});
	return sum;
}

const away: UsageStore = {
	add: () => Promise.reject(new Error("away")),
	totals: async () => new Map(),
};

describe("usage", () => {
	test("is summed by what is asked for", async () => {
		const ledger = await openLedger();
		ledger.record(row());
		ledger.record(row({ hour: "2026-11-23T08:00:00.000Z", errors: 1 }));
		ledger.record(
			row({
				key: "anybody",
				keyName: "anybody",
				model: 'a "b", c',
				costUsd: null,
			}),
		);
		ledger.record(row({ hour: "2026-11-24T08:00:00.000Z", tenant: "=other" }));
		expect(ledger.unflushed("key:key_1")).toBeCloseTo(0.75);
		await ledger.flush();
		expect(ledger.unflushed("key:key_1")).toBe(0);
		const report = (
			by: Parameters<typeof readUsageReport>[1]["by"],
			key: string | null = null,
		) =>
			readUsageReport(database, {
				from: new Date("2026-11-23"),
				to: new Date("2026-11-25"),
				by,
				key,
			});
		expect(await report(["key"])).toMatchObject([
			{ key: "anybody", keyName: "anybody", requests: 1, costUsd: null },
			{
				key: "key_1",
				keyName: "first",
				requests: 3,
				errors: 1,
				promptTokens: 30,
				cachedTokens: 12,
				completionTokens: 6,
				seconds: 1.5,
				costUsd: 0.75,
			},
		]);
		expect(
			(await report(["day"])).map(({ day, requests }) => [day, requests]),
		).toEqual([
			["2026-11-23", 3],
			["2026-11-24", 1],
		]);
		expect(
			(await report(["hour", "tenant"], "key_1")).map(({ hour, tenant }) => [
				hour,
				tenant,
			]),
		).toEqual([
			["2026-11-23T07:00:00Z", "acme"],
			["2026-11-23T08:00:00Z", "acme"],
			["2026-11-24T08:00:00Z", "=other"],
		]);
		expect(toUsageCsv(await report(["model"], "anybody"), ["model"])).toBe(
			'model,requests,errors,promptTokens,cachedTokens,completionTokens,estimated,seconds,costUsd\r\n"a ""b"", c",1,0,10,4,2,0,0.5,\r\n',
		);
		expect(toUsageCsv(await report(["tenant"]), ["tenant"])).toContain(
			"'=other,",
		);
		expect(
			await new DatabaseUsage(database).totals([
				"key:key_1",
				"tenant:acme",
				"x",
			]),
		).toEqual(
			new Map([
				["key:key_1", 0.75],
				["tenant:acme", 0.5],
			]),
		);
		expect(readdirSync(folder)).toEqual([]);
		await ledger.close();
	});

	test("waits in files while the database is away, also across a restart, and is added once", async () => {
		const ledger = await openLedger(away);
		for (let count = 0; count < 10; count++) ledger.record(row());
		await expect(ledger.flush()).rejects.toThrow("away");
		ledger.record(row());
		await ledger.close();
		expect(warnings.at(-1)).toMatch(/waits in files.*away/);
		const next = await openLedger();
		expect(next.unflushed("tenant:acme")).toBeCloseTo(2.75);
		next.record(row());
		await next.flush();
		expect(await total()).toMatchObject({ requests: 12, promptTokens: 120 });
		await next.close();
		expect(readdirSync(folder)).toEqual([]);
	});

	test("whose file is still there after it was added is not added again", async () => {
		const store = new DatabaseUsage(database);
		const copy = join(tmpdir(), `galley-usage-copy-${process.pid}`);
		const copying: UsageStore = {
			totals: store.totals.bind(store),
			async add(batch: BatchId, rows) {
				await store.add(batch, rows);
				const [file = ""] = readdirSync(folder);
				copyFileSync(join(folder, file), copy);
				name = file;
			},
		};
		let name = "";
		const ledger = await openLedger(copying);
		ledger.record(row());
		await ledger.written();
		await ledger.close();
		copyFileSync(copy, join(folder, name));
		rmSync(copy);
		const next = await openLedger();
		await next.flush();
		await next.close();
		expect(existsSync(join(folder, name))).toBe(false);
		expect(await total()).toMatchObject({ requests: 1 });
	});

	test("of a file that a crash cut off, or that was damaged, is what can be read", async () => {
		const file = join(
			folder,
			"11111111-1111-1111-1111-111111111111-0000000001.jsonl",
		);
		const line = JSON.stringify(row());
		writeFileSync(
			file,
			`${line}\n{"hour":\u0000\n${line}\n${line.slice(0, 50)}`,
		);
		const ledger = await openLedger();
		await ledger.flush();
		expect(await total()).toMatchObject({ requests: 2 });
		expect(warnings.at(-1)).toMatch(/1 lines/);
		await ledger.close();
	});

	test("takes little room however long the database is away", async () => {
		const ledger = await openLedger(away, { compactBytes: 5000 });
		for (let count = 0; count < 2000; count++) {
			ledger.record(row());
			if (count % 20 === 0) await ledger.written();
		}
		await ledger.written();
		await ledger.close();
		const next = await openLedger();
		await next.flush();
		expect(await total()).toMatchObject({
			requests: 2000,
			completionTokens: 4000,
			seconds: 1000,
		});
		await next.close();
	});
});

describe("a process that is killed", () => {
	test.each(["away", "there"])(
		"loses nothing that was in files, and nothing is added twice: database %s",
		async (where) => {
			for (let round = 0; round < 2; round++) {
				const before = (await total())?.requests ?? 0;
				const child = spawn(
					process.execPath,
					[
						"--import",
						"tsx",
						join(import.meta.dirname, "../testing/usage-process.ts"),
						folder,
						where === "away" ? "away" : shared.url,
					],
					{ stdio: ["ignore", "pipe", "inherit"] },
				);
				let said = "";
				child.stdout.on("data", (piece: Buffer) => {
					said += piece.toString();
				});
				while (said.length < 2000) await delay(5);
				await delay(37 * round);
				child.kill("SIGKILL");
				await once(child, "close");
				const written = Number(said.trim().split("\n").at(-1));
				const ledger = await openLedger();
				await ledger.flush();
				await ledger.close();
				const added = ((await total())?.requests ?? 0) - before;
				expect(added).toBeGreaterThanOrEqual(written);
				// What was being written when it was killed.
				expect(added).toBeLessThanOrEqual(written + 10);
				expect(readdirSync(folder)).toEqual([]);
			}
			const sum = await total();
			expect(sum?.promptTokens).toBe((sum?.requests ?? 0) * 10);
			expect(sum?.costUsd).toBeCloseTo((sum?.requests ?? 0) / 4);
		},
		60_000,
	);
});
