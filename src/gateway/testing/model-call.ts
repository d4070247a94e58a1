import type { Principal } from "../access/principal.ts";
import type { CallOutcome, ModelCall } from "../policy/model-call.ts";

/** A call as tests need it. */
export function testCall(
	principal: Partial<Principal>,
	body: object = { model: "m", messages: [], max_tokens: 10 },
	path = "/v1/chat/completions",
): ModelCall {
	return {
		id: "request",
		principal: {
			keyId: "key_1",
			name: "test",
			tenant: "default",
			scopes: ["inference"],
			models: null,
			...principal,
		},
		model: "m",
		path,
		headers: {},
		body: Buffer.from(JSON.stringify(body)),
		arrivedAt: 0,
	};
}

export function testOutcome(more: Partial<CallOutcome> = {}): CallOutcome {
	return {
		kind: "answered",
		status: 200,
		target: { kind: "service", name: "m", model: "m", replica: "m/1" },
		usage: {
			promptTokens: 10,
			cachedTokens: 0,
			completionTokens: 5,
			isEstimated: false,
		},
		firstByteMs: 5,
		ms: 20,
		attempts: 1,
		hedges: 0,
		coldStartMs: null,
		...more,
	};
}
