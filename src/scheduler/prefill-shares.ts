/**
 * Divides a step's prefill budget among prompts, given oldest first. Half goes to the shortest ones, so that they are not
 * stuck behind a long one; the rest to the oldest, so that it is never starved by a stream of short ones. Of the half,
 * one prompt may get a part, further ones only what completes them. Prompts of equal length are so computed one after the
 * other, which gives each its first token sooner than computing all of them side by side.
 *
 *     budget 100, wants [400, 30, 300]  ->  [70, 30, 0]
 */
export function prefillShares(
	wants: readonly number[],
	budget: number,
): number[] {
	const shares = new Array<number>(wants.length).fill(0);
	let left = Math.max(0, Math.floor(budget));
	let half = Math.ceil(left / 2);
	const shortestFirst = wants
		.map((_, index) => index)
		.toSorted(
			(one, other) => (wants[one] as number) - (wants[other] as number),
		);
	for (const [place, index] of shortestFirst.entries()) {
		const want = wants[index] as number;
		if (place > 0 && want > half) break;
		const share = Math.min(want, half);
		shares[index] = share;
		half -= share;
		left -= share;
	}
	for (const [index, want] of wants.entries()) {
		const share = Math.min(want - (shares[index] as number), left);
		shares[index] = (shares[index] as number) + share;
		left -= share;
	}
	return shares;
}
