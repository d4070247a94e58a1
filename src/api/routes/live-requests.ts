import { z } from "zod";
import { GalleyError } from "../../core/errors.ts";
import type {
	LiveRequestInfo,
	LiveState,
	ServiceState,
} from "../../core/language-service.ts";
import type { ApiContext } from "../api-context.ts";
import { describeRoute } from "../route-schema.ts";
import { unreadyError } from "../service-state.ts";

const liveRequest = z
	.object({
		id: z.string().describe("As in X-Request-Id."),
		object: z.literal("request"),
		choice: z.int(),
		state: z.enum(["waiting", "prefill", "decode"]),
		waits_for: z.enum(["slot", "memory", "prefix"]).nullable(),
		priority: z.int().describe("Lower runs first."),
		prompt_tokens: z.int(),
		cached_tokens: z.int(),
		computed_tokens: z.int().describe("Of prompt and answer."),
		generated_tokens: z.int(),
		preemptions: z.int(),
		adapters: z
			.array(z.string())
			.describe("The LoRA adapters that it is computed with."),
		age_seconds: z.number(),
	})
	.meta({ title: "LiveRequest" });

/** Clients of the route read its answers with it. */
export const liveRequestList = z.object({
	object: z.literal("list"),
	data: z.array(liveRequest),
	kv_cache: z.object({
		layout: z.enum(["unified", "streams"]),
		cells: z.int(),
		usage: z.number().describe("0 to 1."),
		retained_tokens: z.int(),
		saved_tokens: z.int(),
	}),
	max_sequences: z.int(),
	target_itl_ms: z.number().describe("0 when there is no target."),
});

export const listRequestsSchema = describeRoute({
	id: "listRequests",
	summary: "What runs and waits now",
	tag: "Management",
	answer:
		"An entry for each choice of each request in the engine, and the KV cache. Counts and ids only: never texts, nor whose they are.",
	content: liveRequestList,
});

/** Not behind `requireReady`: whoever only looks must not count as a rejected request, and may watch the service drain. */
export function listRequests({ service }: ApiContext) {
	return async () => {
		const state = service.state();
		const live = canTell(state) ? await service.liveState() : null;
		// The engine may have gone while it was asked: the state is read again.
		if (live === null) throw unreadyError(service.state()) ?? silentEngine();
		return toRequestList(live);
	};
}

function canTell({ phase }: ServiceState): boolean {
	return phase === "ready" || phase === "draining";
}

function silentEngine(): GalleyError {
	return new GalleyError(
		"engine_unavailable",
		"The engine did not say what it computes. Try again.",
		{ retryAfterSeconds: 1 },
	);
}

function toRequestList(live: LiveState): z.output<typeof liveRequestList> {
	return {
		object: "list",
		data: live.requests.map(toLiveRequest),
		kv_cache: {
			layout: live.kvLayout,
			cells: live.kvCells,
			usage: live.kvCacheUsage,
			retained_tokens: live.retainedTokens,
			saved_tokens: live.savedTokens,
		},
		max_sequences: live.maxSequences,
		target_itl_ms: live.targetItlMs,
	};
}

function toLiveRequest(info: LiveRequestInfo): z.output<typeof liveRequest> {
	return {
		id: info.id,
		object: "request",
		choice: info.choice,
		state: info.state,
		waits_for: info.waitsFor,
		priority: info.priority,
		prompt_tokens: info.promptTokens,
		cached_tokens: info.cachedTokens,
		computed_tokens: info.computedTokens,
		generated_tokens: info.generatedTokens,
		preemptions: info.preemptions,
		adapters: [...info.adapters],
		age_seconds: Math.round(info.ageSeconds * 1000) / 1000,
	};
}
