/** Places in the request, the most relevant first; equals keep their order. */
export function byRelevance(logits: Float32Array): number[] {
	return Array.from(logits.keys()).sort(
		(one, other) => (logits[other] as number) - (logits[one] as number),
	);
}

/** A logit as a probability: the logistic function. */
export function toRelevanceScore(logit: number): number {
	return 1 / (1 + Math.exp(-logit));
}
