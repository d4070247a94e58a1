/**
 * Loops over all logits of a vocabulary. Logits change with every token, so a branch that depends on each of them is guessed
 * wrong again and again and costs more than the comparison. These loops either test eight logits in one branch that is
 * hardly ever taken, or have no branch at all. Logits that are not numbers are passed over.
 */

export const blockSize = 64;

/** The token with the highest logit, the first of equal ones; -1 when there is none above -Infinity. */
export function findBest(logits: Float32Array): number {
	const wholeGroups = logits.length - (logits.length % 8);
	let highest = Number.NEGATIVE_INFINITY;
	let best = -1;
	for (let start = 0; start < wholeGroups; start += 8) {
		if (!isAnyAbove(logits, start, highest)) continue;
		for (let token = start; token < start + 8; token++) {
			if ((logits[token] as number) > highest) {
				highest = logits[token] as number;
				best = token;
			}
		}
	}
	for (let token = wholeGroups; token < logits.length; token++) {
		if ((logits[token] as number) > highest) {
			highest = logits[token] as number;
			best = token;
		}
	}
	return best;
}

/** Writes the tokens whose logit is at least `lowest`, which is above -Infinity, and their logits; how many they are. */
export function gatherAtLeast(
	logits: Float32Array,
	lowest: number,
	tokens: Int32Array,
	gathered: Float32Array,
): number {
	const wholeGroups = logits.length - (logits.length % 8);
	let count = 0;
	for (let start = 0; start < wholeGroups; start += 8) {
		if (!isAnyAtLeast(logits, start, lowest)) continue;
		for (let token = start; token < start + 8; token++) {
			const logit = logits[token] as number;
			if (logit >= lowest) {
				tokens[count] = token;
				gathered[count++] = logit;
			}
		}
	}
	for (let token = wholeGroups; token < logits.length; token++) {
		const logit = logits[token] as number;
		if (logit >= lowest) {
			tokens[count] = token;
			gathered[count++] = logit;
		}
	}
	return count;
}

/** Writes the `wanted` tokens with the highest logits, highest first, of equal ones the first; how many there are. */
export function gatherHighest(
	logits: Float32Array,
	wanted: number,
	tokens: Int32Array,
	gathered: Float32Array,
): number {
	let count = 0;
	/** The logit to beat. */
	let lowest = Number.NEGATIVE_INFINITY;
	for (let start = 0; start < logits.length; start += 8) {
		const end = Math.min(start + 8, logits.length);
		if (end === start + 8 && !isAnyAbove(logits, start, lowest)) continue;
		for (let token = start; token < end; token++) {
			const logit = logits[token] as number;
			if (!(logit > lowest)) continue;
			let place = count < wanted ? count++ : wanted - 1;
			for (; place > 0 && (gathered[place - 1] as number) < logit; place--) {
				gathered[place] = gathered[place - 1] as number;
				tokens[place] = tokens[place - 1] as number;
			}
			gathered[place] = logit;
			tokens[place] = token;
			if (count === wanted) lowest = gathered[wanted - 1] as number;
		}
	}
	return count;
}

/**
 * Writes for every 64 logits a number that none of them exceeds and the highest reaches but for the last bit. As integers
 * of the same order (a float's bits, those below the sign turned round for negative floats) the higher of two is found
 * without a branch; halved, so that the difference of any two fits.
 */
export function boundBlocks(logits: Float32Array, bounds: Float32Array): void {
	const bits = new Int32Array(logits.buffer, logits.byteOffset, logits.length);
	const boundBits = new Int32Array(
		bounds.buffer,
		bounds.byteOffset,
		bounds.length,
	);
	for (let block = 0; block < bounds.length; block++) {
		const start = block * blockSize;
		const end = start + blockSize;
		let even = lowestHalf;
		let odd = lowestHalf;
		if (end <= bits.length) {
			for (let token = start; token < end; token += 2) {
				even = higher(even, halfOf(bits[token] as number));
				odd = higher(odd, halfOf(bits[token + 1] as number));
			}
		} else {
			for (let token = start; token < bits.length; token++)
				even = higher(even, halfOf(bits[token] as number));
		}
		const whole = (higher(even, odd) << 1) | 1;
		boundBits[block] = whole ^ ((whole >> 31) >>> 1);
	}
}

const lowestHalf = -(2 ** 30);

function halfOf(bits: number): number {
	return (bits ^ ((bits >> 31) >>> 1)) >> 1;
}

function higher(a: number, b: number): number {
	const difference = (b - a) | 0;
	return (a + (difference & ~(difference >> 31))) | 0;
}

function isAnyAbove(
	logits: Float32Array,
	start: number,
	limit: number,
): boolean {
	return (
		(logits[start] as number) > limit ||
		(logits[start + 1] as number) > limit ||
		(logits[start + 2] as number) > limit ||
		(logits[start + 3] as number) > limit ||
		(logits[start + 4] as number) > limit ||
		(logits[start + 5] as number) > limit ||
		(logits[start + 6] as number) > limit ||
		(logits[start + 7] as number) > limit
	);
}

function isAnyAtLeast(
	logits: Float32Array,
	start: number,
	limit: number,
): boolean {
	return (
		(logits[start] as number) >= limit ||
		(logits[start + 1] as number) >= limit ||
		(logits[start + 2] as number) >= limit ||
		(logits[start + 3] as number) >= limit ||
		(logits[start + 4] as number) >= limit ||
		(logits[start + 5] as number) >= limit ||
		(logits[start + 6] as number) >= limit ||
		(logits[start + 7] as number) >= limit
	);
}
