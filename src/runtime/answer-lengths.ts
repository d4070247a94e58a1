/** Each answer that ends makes older ones count by this factor. */
const memory = 0.98;

/**
 * How long answers get. Some end by themselves and some are cut by their limit, so a mean over finished answers would say
 * more of limits than of answers. Learned is the chance that an answer ends by itself at a token: ends over tokens, the
 * maximum-likelihood estimate for lengths cut off from the right. It needs no answer to be finished, and it tells what is
 * still to come of one that runs.
 */
export class AnswerLengths {
	/** As if one answer of 256 tokens had been seen. */
	#ends = 1;
	#tokens = 256;

	generated(tokens: number): void {
		this.#tokens += tokens;
	}

	/** `endedByItself` is false where the limit cut the answer. */
	ended(endedByItself: boolean): void {
		this.#ends = memory * this.#ends + (endedByItself ? 1 : 0);
		this.#tokens *= memory;
	}

	/** Tokens still to come of an answer that may have `limit` more. */
	expected(limit: number): number {
		const chance = Math.min(0.5, this.#ends / Math.max(1, this.#tokens));
		if (chance * limit < 1e-6) return limit;
		return -Math.expm1(limit * Math.log1p(-chance)) / chance;
	}
}
