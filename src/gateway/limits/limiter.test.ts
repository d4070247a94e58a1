import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GalleyError } from "../../core/errors.ts";
import { BodyReader } from "../policy/body-facts.ts";
import { PolicyRefusal } from "../policy/policy-refusal.ts";
import { testCall, testOutcome } from "../testing/model-call.ts";
import { Limiter, type Spending } from "./limiter.ts";
import type { Limits } from "./limits.ts";
import { formatReset } from "./rate-limit-headers.ts";
import {
	grantOf,
	type WindowAsk,
	type WindowGrant,
	type WindowStore,
} from "./window-store.ts";

/** What the database does, in memory. */
class MemoryWindows implements WindowStore {
	readonly taken = new Map<string, number>();
	asked = 0;
	isAway = false;

	async ask(ask: WindowAsk): Promise<WindowGrant> {
		this.asked++;
		if (this.isAway) throw new Error("away");
		const id = `${ask.subject} ${ask.kind} ${ask.startsAt}`;
		const before = this.taken.get(id) ?? 0;
		const granted = grantOf(before, ask);
		this.taken.set(id, before + granted);
		return { granted, taken: before + granted };
	}
}

const free: Spending = {
	refresh: () => undefined,
	spent: () => 0,
	cost: () => null,
};
const slots = {
	hold: async (_: string, limit: number, wanted: number) =>
		Math.min(limit, wanted),
	renew: async () => {},
};
const start = Date.UTC(2026, 10, 23, 7, 0, 10);

function gatewayOn(
	windows: WindowStore,
	more: { spending?: Spending; tenant?: Limits; clock?: { ms: number } } = {},
) {
	const clock = more.clock ?? { ms: start };
	const limiter = new Limiter({
		windows,
		slots,
		bodies: new BodyReader(),
		spending: more.spending ?? free,
		limitsOf: () => more.tenant ?? null,
		now: () => clock.ms,
	});
	return { limiter, clock };
}

const callWith = (limits: Limits, maxTokens = 10) =>
	testCall({ limits }, { model: "m", max_tokens: maxTokens });

async function refusalOf(work: () => unknown): Promise<PolicyRefusal> {
	try {
		await work();
	} catch (error) {
		if (error instanceof PolicyRefusal) return error;
		throw error;
	}
	throw new Error("It was let through.");
}

describe("requests a minute", () => {
	test("are as many as the limit, then none until the next minute", async () => {
		const { limiter, clock } = gatewayOn(new MemoryWindows());
		const call = callWith({ requestsPerMinute: 5 });
		for (let count = 4; count >= 0; count--)
			expect((await limiter.admit(call)).headers).toEqual({
				"x-ratelimit-limit-requests": "5",
				"x-ratelimit-remaining-requests": String(count),
				"x-ratelimit-reset-requests": "50s",
			});
		const refusal = await refusalOf(() => limiter.admit(call));
		expect(refusal).toMatchObject({
			status: 429,
			code: "rate_limit_exceeded",
			retryAfterSeconds: 50,
		});
		expect(refusal.headers["x-ratelimit-remaining-requests"]).toBe("0");
		clock.ms += 50_000;
		await limiter.admit(call);
	});

	test("steady requests hardly ever wait for the database, and a flood of refused ones asks it five times a second", async () => {
		const windows = new MemoryWindows();
		const { limiter, clock } = gatewayOn(windows);
		const call = callWith({ requestsPerMinute: 10_000 });
		for (let count = 0; count < 10_000; count++) await limiter.admit(call);
		expect(windows.asked).toBeLessThan(500);
		const before = windows.asked;
		for (let count = 0; count < 1000; count++) {
			clock.ms += 1;
			await refusalOf(() => limiter.admit(call));
		}
		expect(windows.asked - before).toBeLessThan(8);
	});

	test("a request that nobody took doesn't count", async () => {
		const { limiter } = gatewayOn(new MemoryWindows());
		const call = callWith({ requestsPerMinute: 1, tokensPerMinute: 100 });
		for (let count = 0; count < 5; count++)
			(await limiter.admit(call)).settle?.(
				testOutcome({ kind: "refused", usage: null }),
			);
		(await limiter.admit(call)).settle?.(testOutcome());
		await refusalOf(() => limiter.admit(call));
	});
});

describe("tokens", () => {
	test("are set aside by estimate and put right at the end; a debt is paid by the next ones", async () => {
		const { limiter } = gatewayOn(new MemoryWindows());
		const call = callWith({ tokensPerMinute: 100 }, 80);
		const first = await limiter.admit(call);
		await refusalOf(() => limiter.admit(call));
		first.settle?.(
			testOutcome({
				usage: {
					promptTokens: 5,
					cachedTokens: 0,
					completionTokens: 5,
					isEstimated: false,
				},
			}),
		);
		const second = await limiter.admit(call);
		second.settle?.(
			testOutcome({
				usage: {
					promptTokens: 5,
					cachedTokens: 0,
					completionTokens: 200,
					isEstimated: false,
				},
			}),
		);
		expect(
			(
				await refusalOf(() =>
					limiter.admit(callWith({ tokensPerMinute: 100 }, 1)),
				)
			).message,
		).toMatch(/0 are left/);
	});

	test("a request that could never be let through says so", async () => {
		const { limiter } = gatewayOn(new MemoryWindows());
		const refusal = await refusalOf(() =>
			limiter.admit(callWith({ tokensPerDay: 100 }, 500)),
		);
		expect(refusal).toMatchObject({ retryAfterSeconds: null });
		expect(refusal.message).toMatch(/max_tokens/);
		await limiter.admit(
			testCall({ limits: { tokensPerDay: 100 } }, { model: "m" }),
		);
	});
});

describe("requests at a time", () => {
	test("are as many as the limit, of the key and of its tenant", async () => {
		const { limiter } = gatewayOn(new MemoryWindows(), {
			tenant: { concurrency: 3 },
		});
		const one = testCall({ keyId: "one", limits: { concurrency: 2 } });
		const other = testCall({ keyId: "other", limits: {} });
		const first = await limiter.admit(one);
		await limiter.admit(one);
		expect((await refusalOf(() => limiter.admit(one))).message).toMatch(
			/key 'test' may have 2/,
		);
		await limiter.admit(other);
		expect((await refusalOf(() => limiter.admit(other))).message).toMatch(
			/tenant 'default' may have 3/,
		);
		first.settle?.(testOutcome());
		await limiter.admit(other);
	});
});

describe("money", () => {
	test("is set aside by what a call may cost, also when many come at once", async () => {
		const spending: Spending = {
			refresh: async () => {},
			spent: () => 0.5,
			cost: () => 0.2,
		};
		const { limiter } = gatewayOn(new MemoryWindows(), { spending });
		const call = callWith({ spendUsd: 1 });
		const results = await Promise.allSettled(
			Array.from({ length: 10 }, () => limiter.admit(call)),
		);
		const admitted = results.flatMap((result) =>
			result.status === "fulfilled" ? [result.value] : [],
		);
		expect(admitted).toHaveLength(2);
		for (const { settle } of admitted) settle?.(testOutcome());
		await limiter.admit(call);
		const refused = results.find(
			({ status }) => status === "rejected",
		) as PromiseRejectedResult;
		expect(refused.reason).toMatchObject({
			code: "insufficient_quota",
			status: 429,
		});
	});
});

describe("while the database is away", () => {
	test("a gateway keeps to the limit for itself, and tells what was used when it is back", async () => {
		const windows = new MemoryWindows();
		const { limiter, clock } = gatewayOn(windows);
		const call = callWith({ requestsPerMinute: 20 });
		await limiter.admit(call);
		windows.isAway = true;
		let admitted = 1;
		for (let count = 0; count < 30; count++)
			if (
				(await Promise.resolve(limiter.admit(call)).catch(() => null)) !== null
			)
				admitted++;
		expect(admitted).toBe(20);
		windows.isAway = false;
		clock.ms += 1500;
		await limiter.tidy();
		expect([...windows.taken.values()]).toEqual([20]);
	});
});

describe("several gateways with one window", () => {
	const step = fc.record({
		gateway: fc.nat(3),
		amount: fc.integer({ min: 1, max: 30 }),
		real: fc.integer({ min: 0, max: 30 }),
		isRefused: fc.boolean(),
		settles: fc.boolean(),
	});

	test("property: never let more through than the limit, whatever the order of answers; and what is given back can be used", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.scheduler(),
				fc.integer({ min: 1, max: 300 }),
				fc.array(step, { maxLength: 60 }),
				async (scheduler, limit, steps) => {
					const memory = new MemoryWindows();
					const windows: WindowStore = {
						ask: async (ask) => {
							const answer = await memory.ask(ask);
							return scheduler.schedule(Promise.resolve(answer));
						},
					};
					const clock = { ms: start };
					const gateways = Array.from(
						{ length: 4 },
						() => gatewayOn(windows, { clock }).limiter,
					);
					let used = 0;
					const work = steps.map(
						async ({ gateway, amount, real, isRefused, settles }) => {
							const call = callWith({ tokensPerMinute: limit }, amount);
							const tokens = amount + Math.ceil(call.body.length / 4);
							const admission = await Promise.resolve(
								gateways[gateway]?.admit(call),
							).catch((error: unknown) => {
								expect(error).toBeInstanceOf(GalleyError);
								return null;
							});
							if (admission === null || admission === undefined) return;
							used += tokens;
							expect(used).toBeLessThanOrEqual(limit);
							if (!settles) return;
							const spent = isRefused ? 0 : Math.min(real, tokens);
							used += spent - tokens;
							admission.settle?.(
								testOutcome(
									isRefused
										? { kind: "refused", usage: null }
										: {
												usage: {
													promptTokens: spent,
													cachedTokens: 0,
													completionTokens: 0,
													isEstimated: false,
												},
											},
								),
							);
						},
					);
					const all = Promise.all(work);
					await scheduler.waitFor(all);
					for (const limiter of gateways)
						await scheduler.waitFor(limiter.tidy(true));
					expect(
						[...memory.taken.values()].reduce((sum, taken) => sum + taken, 0),
					).toBe(used);
					const last = callWith({ tokensPerMinute: limit }, 1);
					clock.ms += 300;
					const lastAdmission = scheduler.waitFor(
						Promise.resolve(gateways[0]?.admit(last)).then(
							() => true,
							() => false,
						),
					);
					const needed = 1 + Math.ceil(last.body.length / 4);
					expect(await lastAdmission).toBe(used + needed <= limit);
				},
			),
		);
	});
});

test("times are written as OpenAI writes them", () => {
	expect(
		[0, 17, 999.2, 1500, 59_900, 360_000, 3_723_000].map(formatReset),
	).toEqual(["0ms", "17ms", "1000ms", "1.5s", "59.9s", "6m0s", "1h2m3s"]);
});
