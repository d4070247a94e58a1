/** How likely a choice was, for `best_of`. */
export class ChoiceScore {
	#sum = 0;
	#tokens = 0;

	add(logprob: number): void {
		this.#sum += logprob;
		this.#tokens++;
	}

	/** The mean over tokens, so that short choices don't win by being short; one without tokens loses to all. */
	get mean(): number {
		return this.#tokens === 0
			? Number.NEGATIVE_INFINITY
			: this.#sum / this.#tokens;
	}
}

/**
 * For each prompt the places of its `wanted` best choices, best first; of equals the earlier one. Choices are numbered
 * prompt by prompt.
 */
export function bestChoices(
	scores: readonly ChoiceScore[],
	choicesPerPrompt: number,
	wanted: number,
): number[] {
	const best: number[] = [];
	for (let first = 0; first < scores.length; first += choicesPerPrompt) {
		const places = Array.from(
			{ length: choicesPerPrompt },
			(_, choice) => first + choice,
		);
		const meanAt = (place: number) =>
			scores[place]?.mean ?? Number.NEGATIVE_INFINITY;
		// Two of minus infinity have no difference: comparing must not subtract.
		places.sort((left, right) => {
			if (meanAt(left) === meanAt(right)) return left - right;
			return meanAt(left) > meanAt(right) ? -1 : 1;
		});
		best.push(...places.slice(0, wanted));
	}
	return best;
}
