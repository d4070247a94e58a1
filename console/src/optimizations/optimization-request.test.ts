import { expect, test } from "vitest";
import { toOptimizationRequest } from "./optimization-request.ts";

const untouched = {
	model: "m",
	concurrency: [1, 8],
	precisions: "",
	isFresh: false,
	inputTokens: 128,
	prefixTokens: 0,
	outputTokens: 128,
	minutes: 15,
	targetItlMs: undefined,
	targetTtftMs: undefined,
	perplexityPercent: 3,
	maxKl: 0.05,
	memoryGib: undefined,
};

test("what nobody typed is not in the request; accuracy without a limit is told so", () => {
	expect(toOptimizationRequest(untouched)).toEqual({
		model: "m",
		concurrency: [1, 8],
		inputTokens: 128,
		prefixTokens: 0,
		outputTokens: 128,
		minutes: 15,
		maxPerplexityLoss: 0.03,
		maxKl: 0.05,
	});
	expect(
		toOptimizationRequest({
			...untouched,
			perplexityPercent: undefined,
			maxKl: undefined,
		}),
	).toMatchObject({ maxPerplexityLoss: "off", maxKl: "off" });
});

test("percent, gibibytes and a list of precisions come in the gateway's units", () => {
	expect(
		toOptimizationRequest({
			...untouched,
			perplexityPercent: 0.7,
			memoryGib: 1.5,
			precisions: "Q8_0, Q4_K_M ",
			isFresh: true,
			targetItlMs: 50,
		}),
	).toMatchObject({
		maxPerplexityLoss: 0.007,
		maxMemory: 1_610_612_736,
		precisions: ["Q8_0", "Q4_K_M"],
		fresh: true,
		targetItlMs: 50,
	});
});
