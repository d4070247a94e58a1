const tokenSpan = 2 ** 21;

/**
 * Orders tokens and their logits together by falling logit, then by token. Both fit into one double, so that the runtime's
 * own sort of numbers does the work: the logit's bits as an integer that falls when the logit rises, times 2^21, plus the
 * token. Vocabularies are far smaller than 2^21. `keys` is memory for at least as many numbers.
 */
export function sortByFallingLogit(
	tokens: Int32Array,
	logits: Float32Array,
	keys: Float64Array,
): void {
	const count = tokens.length;
	const bits = new Int32Array(logits.buffer, logits.byteOffset, count);
	for (let index = 0; index < count; index++) {
		// Adding 0 makes -0 and 0 the same.
		logits[index] = (logits[index] as number) + 0;
		keys[index] =
			-rising(bits[index] as number) * tokenSpan + (tokens[index] as number);
	}
	const sorted = keys.subarray(0, count).sort();
	for (let index = 0; index < count; index++) {
		const key = sorted[index] as number;
		const falling = Math.floor(key / tokenSpan);
		tokens[index] = key - falling * tokenSpan;
		bits[index] = rising(-falling);
	}
}

/** A float's bits as an integer of the same order, and back: negative floats fall when their bits rise. */
function rising(bits: number): number {
	return bits < 0 ? bits ^ 0x7fff_ffff : bits;
}
