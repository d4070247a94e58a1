/**
 * Divides a step's prefill budget among sequences so that none waits for another's long prompt: everybody gets an equal
 * share, and what short prompts leave over goes to the longer ones (max-min fairness).
 *
 *     budget 100, wants [10, 80, 80]  ->  [10, 45, 45]
 *
 * `first` rotates who gets the odd tokens when the budget does not divide evenly, and who gets anything at all when
 * there are fewer tokens than sequences.
 */
export function prefillShares(
	wants: readonly number[],
	budget: number,
	first: number,
): number[] {
	const shares = new Array<number>(wants.length).fill(0);
	let left = Math.max(0, Math.floor(budget));
	let hungry = wants
		.map((_, index) => (index + first) % wants.length)
		.filter((index) => (wants[index] ?? 0) > 0);
	while (left > 0 && hungry.length > 0) {
		const share = Math.max(1, Math.floor(left / hungry.length));
		const still: number[] = [];
		for (const index of hungry) {
			const want = (wants[index] ?? 0) - (shares[index] ?? 0);
			const given = Math.min(share, want, left);
			shares[index] = (shares[index] ?? 0) + given;
			left -= given;
			if (given < want) still.push(index);
		}
		hungry = still;
	}
	return shares;
}
