import type { RowDivergence } from "./divergence.ts";
import type { AccuracyFigures } from "./figures.ts";

/** Means over the positions of a text. */
export class AccuracySums {
	#positions = 0;
	#surprise = 0;
	#referenceSurprise = 0;
	#kl = 0;
	#klSquares = 0;
	#sameTops = 0;

	add(
		{ kl, surprise, hasSameTop }: RowDivergence,
		referenceSurprise: number,
	): void {
		this.#positions++;
		this.#surprise += surprise;
		this.#referenceSurprise += referenceSurprise;
		this.#kl += kl;
		this.#klSquares += kl * kl;
		if (hasSameTop) this.#sameTops++;
	}

	get figures(): AccuracyFigures {
		const count = Math.max(1, this.#positions);
		const meanKl = this.#kl / count;
		const variance = Math.max(0, this.#klSquares / count - meanKl ** 2);
		return {
			perplexity: Math.exp(this.#surprise / count),
			referencePerplexity: Math.exp(this.#referenceSurprise / count),
			meanKl,
			klStandardError: count > 1 ? Math.sqrt(variance / (count - 1)) : variance,
			topAgreement: this.#sameTops / count,
			positions: this.#positions,
		};
	}
}
