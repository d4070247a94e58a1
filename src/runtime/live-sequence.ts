import type { Engine, Sampler } from "../engine/engine.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import type { PlanEntry } from "../scheduler/step-plan.ts";
import type { LogprobReport, SubmittedRequest } from "./engine-protocol.ts";
import { logprobReport } from "./logprobs.ts";

/** What the loop keeps of a sequence beside the scheduler's own state. */
export interface LiveSequence {
	request: SubmittedRequest;
	sampler: Sampler;
	/** Monotonic milliseconds. */
	arrivedAt: number;
	/** Prompt positions whose log-probabilities were sent: a preempted sequence computes its prompt again. */
	promptLogprobsSent: number;
}

export interface SampledToken {
	token: number;
	logprob: LogprobReport | null;
}

/** Samples a sequence's next token from the logits of a batch entry. */
export function sampleToken(
	engine: Engine,
	sequence: Sequence,
	{ request, sampler }: LiveSequence,
	batchIndex: number,
): SampledToken {
	const mayStop = sequence.generatedTokens >= request.minTokens;
	const wanted = request.logprobs;
	if (wanted === null && mayStop && !request.ignoreEos)
		return { token: sampler.sample(batchIndex), logprob: null };

	const logits = engine.logits(batchIndex);
	// Log-probabilities come from the raw logits, and the mask below writes on them: keep a copy.
	const raw = wanted === null ? null : logits.slice();
	if (!mayStop || request.ignoreEos) {
		for (const token of engine.vocabulary.endOfGenerationTokens)
			logits[token] = Number.NEGATIVE_INFINITY;
	}
	if (!mayStop)
		for (const token of request.stopTokenIds)
			logits[token] = Number.NEGATIVE_INFINITY;
	const token = sampler.sample(batchIndex);
	return {
		token,
		logprob: raw === null ? null : logprobReport(raw, token, wanted ?? 0),
	};
}

/**
 * Log-probabilities of the prompt tokens that an entry's logits tell of: those at position p tell of the token at p + 1;
 * the first prompt token has nothing before it. `offset` is the batch index of the entry's first token.
 */
export function promptLogprobs(
	engine: Engine,
	{ sequence, from, count }: PlanEntry,
	live: LiveSequence,
	offset: number,
): (LogprobReport | null)[] | null {
	const reports: (LogprobReport | null)[] =
		from === 0 && live.promptLogprobsSent === 0 ? [null] : [];
	for (let position = from; position < from + count; position++) {
		const next = position + 1;
		if (next >= sequence.promptLength || next < live.promptLogprobsSent)
			continue;
		const logits = engine.logits(offset + position - from);
		const token = sequence.tokens[next] as number;
		reports.push(
			logprobReport(logits, token, live.request.promptLogprobs ?? 0),
		);
	}
	if (reports.length === 0) return null;
	live.promptLogprobsSent += reports.length;
	return reports;
}
