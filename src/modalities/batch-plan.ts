/** One text that waits to be computed. */
export interface WaitingText {
	length: number;
	/**
	 * Virtual start: the tokens that its request has before it, counted from when the request arrived. Serving the least
	 * first, requests take turns by tokens: one of 8,192 texts doesn't keep a single one waiting.
	 */
	turn: number;
}

export interface BatchLimits {
	/** Tokens of one batch at most, fill included; one text alone may have more. */
	maxBatchTokens: number;
	/** Share of a batch that may be fill: 0.1. */
	maxFill: number;
}

/**
 * The texts of the next batch out of `waiting`, which is sorted by length. The one whose turn it is brings those nearest
 * to it in length, as long as the batch stays within the budget and is hardly filled up.
 *
 *     waiting   4  5  9 [31] 32 32 34  70       turn: 31
 *     batch              31  32 32 34           34 x 4 = 136 computed, 129 wanted: 5 % fill
 *
 * Returns a range of indexes: `from` inclusive, `to` exclusive; empty when nothing waits.
 */
export function planBatch(
	waiting: readonly WaitingText[],
	{ maxBatchTokens, maxFill }: BatchLimits,
): { from: number; to: number } {
	let from = 0;
	let least = Number.POSITIVE_INFINITY;
	for (let index = 0; index < waiting.length; index++) {
		const { turn } = waiting[index] as WaitingText;
		if (turn < least) {
			least = turn;
			from = index;
		}
	}
	const anchor = waiting[from];
	if (anchor === undefined) return { from: 0, to: 0 };
	let to = from + 1;
	let tokens = anchor.length;
	let longest = anchor.length;
	const fits = (length: number) => {
		const computed = (to - from + 1) * Math.max(longest, length);
		return (
			computed <= maxBatchTokens &&
			computed - tokens - length <= maxFill * computed
		);
	};
	for (;;) {
		const below = waiting[from - 1]?.length;
		const above = waiting[to]?.length;
		const takesBelow =
			below !== undefined &&
			(above === undefined || anchor.length - below < above - anchor.length) &&
			fits(below);
		if (takesBelow) {
			from--;
			tokens += below;
		} else if (above !== undefined && fits(above)) {
			to++;
			tokens += above;
			longest = above;
		} else if (below !== undefined && fits(below)) {
			from--;
			tokens += below;
		} else return { from, to };
	}
}
