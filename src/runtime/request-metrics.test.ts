import { expect, test } from "vitest";
import type { GenerationRequest } from "../core/generation-request.ts";
import {
	createServiceMetrics,
	type ServiceMetrics,
} from "../observability/service-metrics.ts";
import type { StepReport } from "./engine-protocol.ts";
import { observeStep } from "./request-metrics.ts";

function createMetrics(): ServiceMetrics {
	return createServiceMetrics({
		modelName: "tiny",
		maxSequences: 8,
		version: "1.2.3",
	});
}

const report: StepReport = {
	type: "step",
	started: [
		{ number: 1, choice: 0, cachedTokens: 0, queueSeconds: 0 },
		{ number: 1, choice: 1, cachedTokens: 29, queueSeconds: 0 },
		// Cancelled while the step was computed.
		{ number: 2, choice: 0, cachedTokens: 500, queueSeconds: 0 },
	],
	tokens: Int32Array.of(1, 0, 7, 1, 1, 8),
	logprobs: null,
	promptLogprobs: [],
	ended: [],
	statistics: {
		seconds: 0.01,
		prefillTokens: 31,
		decodeTokens: 4,
		draftedTokens: 8,
		acceptedTokens: 3,
		preemptions: 2,
		evictedTokens: 11,
		savedTokens: 12,
		restoredTokens: 13,
		constraintSeconds: 0,
		constrainedTokens: 0,
	},
	load: {
		running: 2,
		waiting: 0,
		waitingFor: { slot: 0, memory: 0, prefix: 0 },
		kvCacheUsage: 0.1,
		retainedTokens: 0,
		savedTokens: 0,
		kvLayout: "unified",
		targetItlMs: 50,
		residentBytes: 0,
	},
};

test("a step tells its counts, and each choice that started what it found in the prefix cache", async () => {
	using metrics = createMetrics();
	const request = { promptTokens: new Int32Array(30) } as GenerationRequest;
	observeStep(metrics, report, new Map([[1, { request }]]));
	const text = await metrics.render();
	const value = (name: string) =>
		Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1]);
	expect({
		queries: value("vllm:prefix_cache_queries_total"),
		hits: value("vllm:prefix_cache_hits_total"),
		generated: value("vllm:generation_tokens_total"),
		prefill: value("galley:prefill_tokens_computed_total"),
		decode: value("galley:decode_tokens_computed_total"),
		stepTokens: value("vllm:iteration_tokens_total_sum"),
		preemptions: value("vllm:num_preemptions_total"),
		drafted: value("vllm:spec_decode_num_draft_tokens_total"),
		accepted: value("vllm:spec_decode_num_accepted_tokens_total"),
		evicted: value("galley:kv_tokens_evicted_total"),
		saved: value("galley:kv_tokens_saved_total"),
		restored: value("galley:kv_tokens_restored_total"),
	}).toEqual({
		queries: 60,
		hits: 29,
		generated: 2,
		prefill: 31,
		decode: 4,
		stepTokens: 43,
		preemptions: 2,
		drafted: 8,
		accepted: 3,
		evicted: 11,
		saved: 12,
		restored: 13,
	});
});
