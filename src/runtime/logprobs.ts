import type { TokenLogprob } from "../core/stream-event.ts";
import type { LogprobReport } from "./engine-protocol.ts";

/**
 * Natural logarithms of softmax probabilities from a row of raw logits (one float a token of the vocabulary): of `token`,
 * and of the `topCount` likeliest tokens, highest first, ties to the lower id.
 */
export function logprobReport(
	logits: Float32Array,
	token: number,
	topCount: number,
): LogprobReport {
	let highest = Number.NEGATIVE_INFINITY;
	for (let index = 0; index < logits.length; index++)
		highest = Math.max(highest, logits[index] as number);
	let sum = 0;
	for (let index = 0; index < logits.length; index++)
		sum += Math.exp((logits[index] as number) - highest);
	const logNormaliser = highest + Math.log(sum);
	const topTokens = likeliestTokens(logits, topCount);
	return {
		token,
		logprob: (logits[token] ?? Number.NEGATIVE_INFINITY) - logNormaliser,
		topTokens,
		topLogprobs: Float32Array.from(
			topTokens,
			(top) => (logits[top] as number) - logNormaliser,
		),
	};
}

/** Insertion into a short sorted list: `count` is at most 20 or so, the row tens of thousands. */
function likeliestTokens(logits: Float32Array, count: number): Int32Array {
	const best = new Int32Array(Math.min(count, logits.length)).fill(-1);
	if (best.length === 0) return best;
	const valueAt = (place: number) => {
		const token = best[place] as number;
		return token === -1 ? Number.NEGATIVE_INFINITY : (logits[token] as number);
	};
	let threshold = Number.NEGATIVE_INFINITY;
	for (let token = 0; token < logits.length; token++) {
		const value = logits[token] as number;
		if (!(value > threshold) && best[best.length - 1] !== -1) continue;
		let place = best.length - 1;
		while (
			place > 0 &&
			(best[place - 1] === -1 || value > valueAt(place - 1))
		) {
			best[place] = best[place - 1] as number;
			place--;
		}
		best[place] = token;
		threshold = valueAt(best.length - 1);
	}
	return best;
}

/** For those who read it: with each token's bytes. */
export function toTokenLogprob(
	{ token, logprob, topTokens, topLogprobs }: LogprobReport,
	bytesOf: (token: number) => Uint8Array,
): TokenLogprob {
	const top = Array.from(topTokens, (topToken, place) => ({
		token: topToken,
		bytes: bytesOf(topToken),
		logprob: topLogprobs[place] as number,
	}));
	return { token, bytes: bytesOf(token), logprob, top };
}
