/**
 * The candidate a writer most likely meant, or null when none is close: at most a third of the letters may differ.
 * Distance is Levenshtein's with swapped neighbours counted once.
 */
export function nearestName(
	written: string,
	candidates: Iterable<string>,
): string | null {
	// Long junk is nobody's typing mistake, and the distance costs the product of the lengths.
	if (written.length > 64) return null;
	const wanted = normalize(written);
	let best: string | null = null;
	let bestDistance = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
	for (const candidate of candidates) {
		const distance = editDistance(wanted, normalize(candidate), bestDistance);
		if (distance < bestDistance) {
			best = candidate;
			bestDistance = distance;
		}
	}
	return best;
}

/** `maxModelLen`, `max_model_len` and `max-model-len` are the same word to a human. */
function normalize(name: string): string {
	return name
		.replace(/([a-z0-9])([A-Z])/g, "$1-$2")
		.replaceAll("_", "-")
		.toLowerCase();
}

/** Stops counting at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
	if (Math.abs(left.length - right.length) >= limit) return limit;
	let beforePrevious: number[] = [];
	let previous = Array.from(
		{ length: right.length + 1 },
		(_, column) => column,
	);
	for (let row = 1; row <= left.length; row++) {
		const current = [row];
		for (let column = 1; column <= right.length; column++) {
			const isSame = left[row - 1] === right[column - 1];
			let distance = Math.min(
				at(previous, column) + 1,
				at(current, column - 1) + 1,
				at(previous, column - 1) + (isSame ? 0 : 1),
			);
			const isSwap =
				row > 1 &&
				column > 1 &&
				left[row - 1] === right[column - 2] &&
				left[row - 2] === right[column - 1];
			if (isSwap)
				distance = Math.min(distance, at(beforePrevious, column - 2) + 1);
			current.push(distance);
		}
		beforePrevious = previous;
		previous = current;
	}
	return Math.min(at(previous, right.length), limit);
}

function at(row: readonly number[], column: number): number {
	return row[column] ?? Number.POSITIVE_INFINITY;
}
