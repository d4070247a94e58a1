import { expect, test } from "vitest";
import type { Candidate } from "../api/job-types.ts";
import {
	changeWords,
	formatGain,
	formatLoss,
	limitWords,
	settingChanges,
} from "./optimization-words.ts";

const candidate: Candidate = {
	variant: "source",
	threads: 2,
	threadsBatch: 2,
	microBatchTokens: 512,
	flashAttention: "auto",
	kvType: "f16",
	kvLayout: "streams",
	speculation: "auto",
};

test("only limits that were set are told; off is none", () => {
	expect(limitWords({ model: "m", concurrency: [1, 4] })).toBe(
		"1, 4 at a time",
	);
	expect(
		limitWords({
			model: "m",
			concurrency: [2],
			targetItlMs: 50,
			maxPerplexityLoss: 0.03,
			maxKl: "off",
		}),
	).toBe("2 at a time; ITL ≤ 50.0 ms, perplexity +3 % at most");
});

test("each setting stands beside what it was, and says whether it is another", () => {
	const changes = settingChanges(
		{ ...candidate, variant: "Q4_K_M", threads: 1 },
		candidate,
	);
	expect(
		changes.filter(({ isChanged }) => isChanged).map(({ name }) => name),
	).toEqual(["Weights", "Threads, decoding"]);
	expect(changes[0]).toMatchObject({
		value: "Q4_K_M",
		before: "the file as it is",
	});
	expect(changeWords({ ...candidate, threads: 1 }, candidate)).toBe(
		"Threads, decoding: 1, not 2",
	);
	expect(changeWords({ ...candidate, variant: "Q4_K_M" }, candidate)).toBe("–");
	expect(
		settingChanges(candidate, null).every(({ isChanged }) => !isChanged),
	).toBe(true);
});

test("figures that are not known are a dash, and a gain is never divided by nothing", () => {
	expect(formatGain(150, 100)).toBe("1.50 ×");
	expect(formatGain(150, 0)).toBe("–");
	expect(formatGain(null, 100)).toBe("–");
	expect(formatLoss(0.0312)).toBe("+3.1 %");
	expect(formatLoss(-0.0001)).toBe("0.0 %");
	expect(formatLoss(null)).toBe("–");
});
