/**
 * How far a model's probabilities are from a reference's, over the positions of a text. Natural logarithms throughout.
 *
 *     log p(t)    = logit(t) - log sum_v exp(logit(v))
 *     perplexity  = exp(mean over positions of -log p(next token))              (Jelinek et al. 1977)
 *     KL(P || Q)  = sum_t P(t) (log P(t) - log Q(t)), P the reference           (Kullback and Leibler 1951)
 *
 * Of the reference only its `topCount` likeliest tokens are kept; the rest of both distributions is one bin each:
 *
 *     KL >= sum_{t in top} P(t) (log P(t) - log Q(t)) + P(rest) (log P(rest) - log Q(rest))
 *
 * By the log-sum inequality (Cover and Thomas, Elements of Information Theory, 2.7.1) putting tokens together never makes the
 * divergence larger, and a language model's thousand likeliest tokens hold nearly all of its mass. With `topCount` equal to
 * the vocabulary it is exact. llama.cpp's perplexity tool leaves out tokens below exp(-16) in the same place.
 */

/** One position of the reference. */
export interface ReferenceRow {
	/** -log P(next token). */
	surprise: number;
	/** The likeliest tokens; the first one is the likeliest of all, the others are in no order. */
	topTokens: Int32Array;
	/** Single precision, as they are kept. */
	topLogprobs: Float32Array;
}

export interface RowDivergence {
	kl: number;
	surprise: number;
	hasSameTop: boolean;
}

export function describeRow(
	logits: Float32Array,
	nextToken: number,
	topCount: number,
	scratch: Float32Array = new Float32Array(logits.length),
): ReferenceRow {
	const normaliser = logSumExp(logits);
	const topTokens = likeliestTokens(logits, topCount, scratch);
	return {
		surprise: normaliser - (logits[nextToken] ?? Number.NEGATIVE_INFINITY),
		topTokens,
		topLogprobs: Float32Array.from(
			topTokens,
			(token) => (logits[token] as number) - normaliser,
		),
	};
}

export function compareRow(
	reference: ReferenceRow,
	logits: Float32Array,
	nextToken: number,
): RowDivergence {
	const { topTokens, topLogprobs } = reference;
	const normaliser = logSumExp(logits);
	let kl = 0;
	let referenceMass = 0;
	let mass = 0;
	for (let place = 0; place < topTokens.length; place++) {
		const referenceLogprob = topLogprobs[place] as number;
		// Rounded like the reference's, so that a model is exactly 0 from itself.
		const logprob = Math.fround(
			(logits[topTokens[place] as number] as number) - normaliser,
		);
		const probability = Math.exp(referenceLogprob);
		referenceMass += probability;
		mass += Math.exp(logprob);
		if (probability > 0) kl += probability * (referenceLogprob - logprob);
	}
	if (topTokens.length < logits.length) {
		const referenceRest = Math.max(1 - referenceMass, leastMass);
		const rest = Math.max(1 - mass, leastMass);
		kl += referenceRest * Math.log(referenceRest / rest);
	}
	return {
		// Rounding alone may leave a negative sum of terms that cancel.
		kl: Math.max(0, kl),
		surprise: normaliser - (logits[nextToken] ?? Number.NEGATIVE_INFINITY),
		hasSameTop: highestIndex(logits) === topTokens[0],
	};
}

/** Below what double precision can tell from 0 after a sum to 1. */
const leastMass = 1e-12;

export function logSumExp(logits: Float32Array): number {
	const highest = logits[highestIndex(logits)] ?? 0;
	let sum = 0;
	for (let index = 0; index < logits.length; index++)
		sum += Math.exp((logits[index] as number) - highest);
	return highest + Math.log(sum);
}

/** Ties go to the lower id. */
function highestIndex(logits: Float32Array): number {
	let best = 0;
	for (let index = 1; index < logits.length; index++)
		if ((logits[index] as number) > (logits[best] as number)) best = index;
	return best;
}

/** Ids of the `count` highest logits: the highest first, the rest as they come. `scratch` is overwritten. */
export function likeliestTokens(
	logits: Float32Array,
	count: number,
	scratch: Float32Array,
): Int32Array {
	const wanted = Math.min(count, logits.length);
	const first = highestIndex(logits);
	const tokens = new Int32Array(wanted);
	if (wanted === 0) return tokens;
	scratch.set(logits);
	const threshold = selectDescending(scratch, wanted - 1);
	tokens[0] = first;
	let filled = 1;
	const add = (isWanted: (logit: number) => boolean) => {
		for (let token = 0; token < logits.length && filled < wanted; token++)
			if (token !== first && isWanted(logits[token] as number))
				tokens[filled++] = token;
	};
	add((logit) => logit > threshold);
	add((logit) => logit === threshold);
	return tokens;
}

/** The value that would stand at `place` if the array were sorted from high to low (Hoare 1961); reorders the array. */
function selectDescending(values: Float32Array, place: number): number {
	let low = 0;
	let high = values.length - 1;
	while (low < high) {
		const pivot = values[(low + high) >>> 1] as number;
		let left = low;
		let right = high;
		while (left <= right) {
			while ((values[left] as number) > pivot) left++;
			while ((values[right] as number) < pivot) right--;
			if (left > right) break;
			const swapped = values[left] as number;
			values[left++] = values[right] as number;
			values[right--] = swapped;
		}
		if (place <= right) high = right;
		else if (place >= left) low = left;
		else break;
	}
	return values[place] as number;
}
