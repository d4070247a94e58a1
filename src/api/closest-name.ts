/** The candidate that a mistyped name most likely meant, or null when none is near. */
export function closestTo(
	name: string,
	candidates: Iterable<string>,
): string | null {
	const allowed = name.length <= 4 ? 1 : name.length <= 8 ? 2 : 3;
	let best: string | null = null;
	let bestDistance = allowed + 1;
	// Long junk is nobody's typing mistake, and the distance costs the product of the lengths.
	if (name.length > 64) return null;
	const plain = flatten(name);
	for (const candidate of candidates) {
		if (Math.abs(candidate.length - name.length) > allowed + 2) continue;
		const distance = editDistance(plain, flatten(candidate));
		if (distance < bestDistance) {
			best = candidate;
			bestDistance = distance;
		}
	}
	return best;
}

/** `maxTokens`, `max-tokens` and `max_tokens` are one name. */
function flatten(name: string): string {
	return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein's distance, one row at a time. */
function editDistance(left: string, right: string): number {
	let previous = Array.from(
		{ length: right.length + 1 },
		(_, column) => column,
	);
	for (let row = 1; row <= left.length; row++) {
		const current = [row];
		for (let column = 1; column <= right.length; column++) {
			const substitution =
				(previous[column - 1] ?? 0) +
				(left[row - 1] === right[column - 1] ? 0 : 1);
			current.push(
				Math.min(
					substitution,
					(previous[column] ?? 0) + 1,
					(current[column - 1] ?? 0) + 1,
				),
			);
		}
		previous = current;
	}
	return previous[right.length] ?? 0;
}
