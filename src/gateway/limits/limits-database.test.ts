import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEmbedded } from "../../store/testing/open-test-databases.ts";
import { LateDatabase } from "../late-database.ts";
import { gatewayMigrations } from "../open-access.ts";
import { BodyReader } from "../policy/body-facts.ts";
import { testCall, testOutcome } from "../testing/model-call.ts";
import {
	openSharedDatabase,
	type SharedDatabase,
} from "../testing/shared-database.ts";
import { Limiter } from "./limiter.ts";
import type { Limits } from "./limits.ts";
import { DatabaseSlots } from "./slot-store.ts";
import { DatabaseWindows, grantOf } from "./window-store.ts";

let shared: SharedDatabase;
let embedded: LateDatabase;
/** In the future, and never near the end of a minute. */
const clock = { ms: Date.UTC(2126, 10, 23, 7, 0, 10) };
const limiters: Limiter[] = [];

beforeAll(async () => {
	shared = await openSharedDatabase();
	embedded = new LateDatabase(() => openEmbedded(gatewayMigrations));
	await embedded.get();
}, 120_000);
afterAll(async () => {
	for (const limiter of limiters) await limiter.close();
	await embedded?.close();
	await shared?.close();
});

async function openLimiter(id: string): Promise<Limiter> {
	const database = shared.open();
	await database.get();
	const limiter = new Limiter({
		windows: new DatabaseWindows(database),
		slots: new DatabaseSlots(database, id),
		bodies: new BodyReader(),
		spending: { refresh: () => undefined, spent: () => 0, cost: () => null },
		limitsOf: () => null,
		// The machine may be busy; a database that is away says so at once.
		patienceMs: 60_000,
		now: () => clock.ms,
	});
	limiters.push(limiter);
	return limiter;
}

const callOf = (keyId: string, limits: Limits) => testCall({ keyId, limits });
const admits = (limiter: Limiter, call: ReturnType<typeof callOf>) =>
	Promise.resolve(limiter.admit(call)).catch(() => null);

describe("several gateways on one database", () => {
	test("let exactly as many requests through as one would, when none is refused too early", async () => {
		const gateways = await Promise.all(["a", "b", "c"].map(openLimiter));
		const call = callOf("key_requests", { requestsPerMinute: 500 });
		let admitted = 0;
		const client = async (limiter: Limiter | undefined) => {
			for (let count = 0; count < 40; count++)
				if (limiter !== undefined && (await admits(limiter, call)) !== null)
					admitted++;
		};
		await Promise.all(
			Array.from({ length: 18 }, (_, index) => client(gateways[index % 3])),
		);
		// Some may be refused while another gateway holds what nobody uses there.
		expect(admitted).toBeLessThanOrEqual(500);
		clock.ms += 1500;
		for (const limiter of gateways) await limiter.tidy();
		for (let count = 0; count < 100; count++)
			for (const limiter of gateways)
				if ((await admits(limiter, call)) !== null) admitted++;
		expect(admitted).toBe(500);
	});

	test("run as many requests at a time as the limit, and what a gateway gives back others get", async () => {
		const [first, second] = (await Promise.all(
			["d", "e"].map(openLimiter),
		)) as [Limiter, Limiter];
		const call = callOf("key_slots", { concurrency: 5 });
		const running = (
			await Promise.all(
				Array.from({ length: 20 }, (_, index) =>
					admits(index % 2 === 0 ? first : second, call),
				),
			)
		).filter((admission) => admission !== null);
		expect(running).toHaveLength(5);
		for (const { settle } of running) settle?.(testOutcome());
		clock.ms += 1500;
		await first.tidy();
		await second.tidy();
		const again = (
			await Promise.all(Array.from({ length: 20 }, () => admits(second, call)))
		).filter((admission) => admission !== null);
		expect(again).toHaveLength(5);
	});

	test("go on while the database is away, each by the limit that is left, and tell it afterwards", async () => {
		const [first, second] = (await Promise.all(
			["f", "g"].map(openLimiter),
		)) as [Limiter, Limiter];
		const call = callOf("key_away", {
			requestsPerMinute: 100,
			concurrency: 1000,
		});
		await admits(first, call);
		await admits(second, call);
		shared.isAway = true;
		let admitted = 2;
		for (let count = 0; count < 150; count++)
			for (const limiter of [first, second])
				if ((await admits(limiter, call)) !== null) admitted++;
		shared.isAway = false;
		// Never more than the limit for each of them.
		expect(admitted).toBeGreaterThanOrEqual(100);
		expect(admitted).toBeLessThanOrEqual(200);
		clock.ms += 1500;
		await first.tidy();
		await second.tidy();
		const third = await openLimiter("h");
		expect(await admits(third, call)).toBeNull();
	});
});

test("the database decides as the rule says", async () => {
	const windows = [
		new DatabaseWindows(embedded),
		new DatabaseWindows(shared.open()),
	];
	for (const [place, store] of windows.entries()) {
		let taken = 0;
		const asks = [
			{ need: 1, ahead: 8, settled: 0 },
			{ need: 30, ahead: 12, settled: 5 },
			{ need: 0, ahead: 100, settled: -7 },
			{ need: 90, ahead: 3, settled: 0 },
			{ need: 1, ahead: 1, settled: 40 },
			{ need: 0, ahead: 0, settled: -140 },
			{ need: 5, ahead: 100, settled: 0 },
		];
		for (const ask of asks) {
			const granted = grantOf(taken, { limit: 100, ...ask });
			taken += granted;
			expect(
				await store.ask({
					subject: `rule ${place}`,
					kind: "tokensPerMinute",
					startsAt: 0,
					limit: 100,
					...ask,
				}),
			).toEqual({ granted, taken });
		}
	}
});
