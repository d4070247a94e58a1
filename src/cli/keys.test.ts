import { describe, expect, test } from "vitest";
import { CommandFailure } from "./exit-codes.ts";
import { toKeyRequest } from "./key-request.ts";
import { formatKeys } from "./key-table.ts";
import { formatUsage } from "./usage.ts";

const now = Date.parse("2026-11-23T12:00:00Z");

describe("the flags of a key", () => {
	test("say only what was given", () => {
		expect(toKeyRequest({}, now)).toEqual({});
		expect(
			toKeyRequest(
				{
					scopes: "inference, read",
					models: "a*,b",
					expires: "90d",
					tokensPerMinute: "20k",
					tokensPerDay: "1.5M",
					concurrency: "none",
					spendUsd: "2.5",
				},
				now,
			),
		).toEqual({
			scopes: ["inference", "read"],
			models: ["a*", "b"],
			expiresAt: "2027-02-21T12:00:00.000Z",
			limits: {
				tokensPerMinute: 20_000,
				tokensPerDay: 1_500_000,
				concurrency: null,
				spendUsd: 2.5,
			},
		});
		expect(toKeyRequest({ expires: "never" }, now)).toEqual({
			expiresAt: null,
		});
	});

	test("that can't be read are refused", () => {
		expect(() => toKeyRequest({ tokensPerDay: "many" }, now)).toThrow(
			/--tokens-per-day is a number/,
		);
		expect(() => toKeyRequest({ expires: "soon" }, now)).toThrow(
			CommandFailure,
		);
	});
});

test("keys are listed with what they may do", () => {
	const key = {
		id: "key_1",
		name: "app\u001b[2J",
		prefix: "gk_abcdefg",
		tenant: "acme",
		scopes: ["inference"],
		models: null,
		limits: { requestsPerMinute: 600, tokensPerDay: 2e7 },
		expiresAt: "2026-12-23T12:00:00Z",
		lastUsedAt: null,
		state: "active" as const,
	};
	const text = formatKeys([key], now);
	expect(text).toContain("600 requests/min, 20M tokens/day");
	expect(text).toContain("in 30 days");
	expect(text).not.toContain("\u001b");
});

test("usage is a table, and says what is estimated", () => {
	const row = {
		key: "key_1",
		keyName: "app",
		requests: 3,
		errors: 0,
		promptTokens: 25_000,
		cachedTokens: 10,
		completionTokens: 5,
		estimated: 1,
		seconds: 1.25,
		costUsd: null,
	};
	const answer = {
		from: "2026-11-01T00:00:00.000Z",
		to: "2026-11-23T00:00:00.000Z",
		by: ["key" as const],
		rows: [row],
	};
	expect(formatUsage(answer)).toMatch(
		/app \(key_1\) +3 +0 +25k +10 +5 +1\.[23] +-/,
	);
	expect(formatUsage(answer)).toMatch(/1 requests are estimated/);
	expect(formatUsage({ ...answer, rows: [] })).toMatch(/nothing was used/);
});
