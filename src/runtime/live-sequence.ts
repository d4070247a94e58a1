import type { Engine, Sampler } from "../engine/engine.ts";
import type { Sequence } from "../scheduler/sequence.ts";
import type { PlanEntry } from "../scheduler/step-plan.ts";
import type { ConstrainedOutputs } from "./constrained-outputs.ts";
import {
	type ConstrainedSequence,
	nothingAllowed,
} from "./constrained-sequence.ts";
import type { LogprobReport, SubmittedRequest } from "./engine-protocol.ts";
import { logprobReport } from "./logprobs.ts";

/** What the loop keeps of a sequence beside the scheduler's own state. */
export interface LiveSequence {
	request: SubmittedRequest;
	sampler: Sampler;
	/** What its output must look like; null leaves it free. */
	constraint: ConstrainedSequence | null;
	/** Monotonic milliseconds. */
	arrivedAt: number;
	/** Prompt positions whose log-probabilities were sent: a preempted sequence computes its prompt again. */
	promptLogprobsSent: number;
}

export interface SampledToken {
	token: number;
	logprob: LogprobReport | null;
}

/** Samples a sequence's next token from the logits of a batch entry. Throws a GrammarError where none fits its constraint. */
export function sampleToken(
	engine: Engine,
	sequence: Sequence,
	{ request, sampler, constraint }: LiveSequence,
	batchIndex: number,
	constrained: ConstrainedOutputs,
): SampledToken {
	const mayStop = sequence.generatedTokens >= request.minTokens;
	const bansEnd = !mayStop || request.ignoreEos;
	const wanted = request.logprobs;
	if (wanted === null && !bansEnd && constraint === null)
		return { token: sampler.sample(batchIndex), logprob: null };

	const logits = engine.logits(batchIndex);
	// Log-probabilities come from the raw logits, and the masks below write on them: keep a copy.
	const raw = wanted === null ? null : logits.slice();
	const isMasked =
		constraint !== null &&
		constrained.timed(() => constraint.mask(logits, bansEnd));
	// A constraint that has to end wins over what forbids the end.
	if (bansEnd && !isMasked) {
		for (const token of engine.vocabulary.endOfGenerationTokens)
			logits[token] = Number.NEGATIVE_INFINITY;
	}
	if (!mayStop)
		for (const token of request.stopTokenIds)
			logits[token] = Number.NEGATIVE_INFINITY;
	if (isMasked) refuseIfAllBanned(logits, request);
	const token = sampler.sample(batchIndex);
	if (constraint !== null) {
		constrained.timed(() => constraint.accept(token));
		if (isMasked) constrained.countToken();
	}
	return {
		token,
		logprob: raw === null ? null : logprobReport(raw, token, wanted ?? 0),
	};
}

/** Bans of the request's own may leave nothing of what its constraint allows. */
function refuseIfAllBanned(
	logits: Float32Array,
	{ sampling, stopTokenIds }: SubmittedRequest,
): void {
	const bans = sampling.logitBias.filter(([, bias]) => bias <= -100);
	if (bans.length + stopTokenIds.length === 0) return;
	for (const [token] of bans) logits[token] = Number.NEGATIVE_INFINITY;
	if (!logits.some((logit) => logit > Number.NEGATIVE_INFINITY))
		throw nothingAllowed();
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
