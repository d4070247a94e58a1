/**
 * Divides a step's prefill budget among prompts, given oldest first. They take turns: in every other step the shortest
 * come first, so that they are not stuck behind a long one, and in those between the oldest, so that it is never starved
 * by a stream of short ones. Turns rather than parts of each step, because an engine computes one long piece faster than
 * two short ones. Prompts of equal length are so computed one after the other, which gives each its first token sooner
 * than computing all of them side by side.
 *
 *     budget 100, wants [400, 30, 300]  ->  [70, 30, 0] in one step, [100, 0, 0] in the next
 */
export function prefillShares(
	wants: readonly number[],
	budget: number,
	step: number,
): number[] {
	const shares = new Array<number>(wants.length).fill(0);
	let left = Math.max(0, Math.floor(budget));
	const give = (index: number) => {
		const want = (wants[index] as number) - (shares[index] as number);
		const share = Math.min(want, left);
		shares[index] = (shares[index] as number) + share;
		left -= share;
	};
	const oldestFirst = wants.map((_, index) => index);
	if (step % 2 === 0) {
		const shortestFirst = oldestFirst.toSorted(
			(one, other) => (wants[one] as number) - (wants[other] as number),
		);
		for (const [place, index] of shortestFirst.entries()) {
			// Only the very shortest is worth a part: what would not be completed belongs to the oldest.
			if (place > 0 && (wants[index] as number) > left) break;
			give(index);
		}
	}
	for (const index of oldestFirst) give(index);
	return shares;
}

/** Whose turn it is: the shortest prompt in every other step, the oldest in those between. */
export function favouredPrompt(wants: readonly number[], step: number): number {
	return step % 2 === 0 ? wants.indexOf(Math.min(...wants)) : 0;
}
