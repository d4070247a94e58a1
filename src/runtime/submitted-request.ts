import { randomInt } from "node:crypto";
import type { RequestedAdapter } from "../adapters/adapter-file.ts";
import type { GenerationRequest } from "../core/generation-request.ts";
import type { SubmittedGrammar, SubmittedRequest } from "./engine-protocol.ts";

/** What the engine process needs to know of a request. */
export function toSubmittedRequest(
	number: number,
	request: GenerationRequest,
	adapters: readonly RequestedAdapter[],
	grammar: SubmittedGrammar | null,
): SubmittedRequest {
	const { stop, sampling } = request;
	return {
		number,
		promptTokens: request.promptTokens,
		choices: request.choices,
		sampling: { ...sampling, seed: sampling.seed ?? randomInt(2 ** 32) },
		maxTokens: stop.maxTokens,
		minTokens: stop.minTokens,
		stopTokenIds: stop.stopTokenIds,
		ignoreEos: stop.ignoreEos,
		logprobs: request.logprobs,
		promptLogprobs: request.promptLogprobs,
		priority: request.priority,
		tenant: request.tenant,
		cacheSalt: request.cacheSalt,
		adapters,
		grammar,
	};
}
