import {
	createNegativeExpTable,
	deepest,
	negativeExp,
} from "./negative-exp.ts";
import { sortByFallingLogit } from "./sort-by-logit.ts";

const blockSize = 64;
/** The nucleus of all but the flattest distributions lies within these nats below the best token, and is no larger. */
const usualDepth = 4;
const usualCount = 1024;
const bucketsPerNat = 16;
const bucketCount = bucketsPerNat * deepest;
const countOne = "tokens";
const countMass = "mass";

/**
 * Which tokens may be drawn, found in as few looks at the vocabulary as the question needs. These loops run for every token
 * of every sequence between two steps, so they are plain and allocate nothing. `scan` looks at each logit once and keeps the
 * highest of every 64; later loops pass over blocks that can't hold what they look for:
 *
 *     logits    | block 0 | block 1 | block 2 | ...
 *     highest   |    h0   |    h1   |    h2   |
 *
 * Banned tokens (-Infinity) and logits that are not numbers are never candidates.
 */
export class Candidates {
	/** The first `count` entries of both are the candidates. */
	readonly tokens: Int32Array;
	readonly logits: Float32Array;
	count = 0;
	/** The token with the highest logit, the first of equal ones; -1 when there is none. */
	best = -1;
	#highest = Number.NEGATIVE_INFINITY;
	#all: Float32Array = new Float32Array(0);
	readonly #blocks: Float32Array;
	readonly #blockBounds: Float64Array;
	readonly #bucketContents = new Float64Array(bucketCount);
	readonly #sortKeys: Float64Array;
	readonly #exponentials = createNegativeExpTable();

	/** One for a vocabulary of this size, to be used again and again. */
	constructor(vocabularySize: number) {
		const blocks = Math.ceil(vocabularySize / blockSize);
		this.tokens = new Int32Array(vocabularySize);
		this.logits = new Float32Array(vocabularySize);
		this.#sortKeys = new Float64Array(vocabularySize);
		this.#blocks = new Float32Array(blocks);
		this.#blockBounds = new Float64Array(blocks);
	}

	/** Everything else is about the logits that were scanned last. */
	scan(all: Float32Array): void {
		const blocks = this.#blocks;
		let highest = Number.NEGATIVE_INFINITY;
		let bestBlock = -1;
		for (let block = 0; block < blocks.length; block++) {
			const start = block * blockSize;
			const found =
				start + blockSize <= all.length
					? highestOfBlock(all, start)
					: highestFrom(all, start);
			blocks[block] = found;
			if (found > highest) {
				highest = found;
				bestBlock = block;
			}
		}
		this.#all = all;
		this.#highest = highest;
		this.best =
			bestBlock < 0 ? -1 : all.indexOf(highest, bestBlock * blockSize);
	}

	/** All tokens with at least this share of the best one's probability. */
	takeLikely(share: number): void {
		this.#takeAtLeast(this.#highest + Math.log(share));
	}

	/** The `wanted` highest, in falling order; of equal ones the first. */
	takeHighest(wanted: number): void {
		const blocks = this.#blocks;
		if (wanted <= blocks.length / 4) {
			// So many blocks have a token of at least this.
			const values = this.#blockBounds;
			values.set(blocks);
			this.#takeAtLeast(
				Math.max(selectHighest(values, wanted), -Number.MAX_VALUE),
			);
		} else {
			const { border } = this.#findBorder(wanted, countOne);
			const isAll = border === bucketCount;
			this.#takeAtLeast(
				isAll
					? -Number.MAX_VALUE
					: this.#highest - (border + 2) / bucketsPerNat,
			);
		}
		this.#sort(0);
		this.count = Math.min(this.count, wanted);
	}

	/** The highest tokens that together reach this share of the probability, the one that reaches it included. */
	takeNucleus(share: number): void {
		const wanted = share * this.#totalMass();
		this.#takeAtLeast(this.#highest - usualDepth);
		if (this.count <= usualCount && this.#candidatesMass() >= wanted) {
			this.#sort(0);
			this.#cutWhenReached(0, wanted);
			return;
		}
		const { border, before } = this.#findBorder(wanted, countMass);
		this.#takeAtLeast(this.#highest - (border + 2) / bucketsPerNat);
		const inside = this.#moveForward(border);
		this.#sort(inside);
		this.#cutWhenReached(inside, wanted - before);
	}

	/** Keeps the first candidates that reach this share of what all candidates have. They stand in falling order. */
	keepNucleus(share: number): void {
		this.#cutWhenReached(0, share * this.#candidatesMass());
	}

	/** Keeps candidates with at least this share of the best one's probability. */
	keepLikely(share: number): void {
		const { tokens, logits, count } = this;
		const lowest = this.#highest + Math.log(share);
		let kept = 0;
		for (let index = 0; index < count; index++) {
			const logit = logits[index] as number;
			if (logit < lowest) continue;
			tokens[kept] = tokens[index] as number;
			logits[kept] = logit;
			kept++;
		}
		this.count = kept;
	}

	/** Draws a candidate; `random` gives uniform numbers in [0, 1). */
	draw(temperature: number, random: () => number): number {
		const { logits, tokens, count } = this;
		const highest = this.#highest;
		const exponentials = this.#exponentials;
		const scale = 1 / temperature;
		let total = 0;
		for (let index = 0; index < count; index++) {
			total += negativeExp(
				exponentials,
				(highest - (logits[index] as number)) * scale,
			);
		}
		let rest = random() * total;
		for (let index = 0; index < count; index++) {
			rest -= negativeExp(
				exponentials,
				(highest - (logits[index] as number)) * scale,
			);
			if (rest < 0) return tokens[index] as number;
		}
		return this.best;
	}

	/**
	 * Draws from the whole vocabulary without computing every token's probability: throws points on an area that covers the
	 * probabilities, each block as high as its highest token, until one falls under its own token's probability. At least
	 * one point in 64 does, and the result is as exact as a sum over all tokens.
	 */
	drawFromAll(temperature: number, random: () => number): number {
		const all = this.#all;
		const blocks = this.#blocks;
		const bounds = this.#blockBounds;
		const exponentials = this.#exponentials;
		const highest = this.#highest;
		const scale = 1 / temperature;
		let total = 0;
		for (let block = 0; block < blocks.length; block++) {
			total += negativeExp(
				exponentials,
				(highest - (blocks[block] as number)) * scale,
			);
			bounds[block] = total;
		}
		for (let attempt = 0; attempt < 100_000; attempt++) {
			const point = random() * total;
			const block = firstAbove(bounds, point);
			const start = block === 0 ? 0 : (bounds[block - 1] as number);
			const height = (bounds[block] as number) - start;
			// One random number is place and height: where it falls in the block, and how far into the token's own part.
			const place = ((point - start) / height) * blockSize;
			const token = block * blockSize + (place | 0);
			const mass = negativeExp(
				exponentials,
				(highest - (all[token] ?? Number.NEGATIVE_INFINITY)) * scale,
			);
			if ((place - (place | 0)) * height < mass) return token;
		}
		return this.best;
	}

	/** All tokens whose logit is at least this, in the vocabulary's order. */
	#takeAtLeast(lowest: number): void {
		const { tokens, logits } = this;
		const all = this.#all;
		const blocks = this.#blocks;
		let count = 0;
		for (let block = 0; block < blocks.length; block++) {
			if (!((blocks[block] as number) >= lowest)) continue;
			const end = Math.min((block + 1) * blockSize, all.length);
			for (let token = block * blockSize; token < end; token++) {
				const logit = all[token] as number;
				if (logit >= lowest) {
					tokens[count] = token;
					logits[count] = logit;
					count++;
				}
			}
		}
		this.count = count;
	}

	#totalMass(): number {
		const all = this.#all;
		const exponentials = this.#exponentials;
		const highest = this.#highest;
		let total = 0;
		for (let token = 0; token < all.length; token++)
			total += negativeExp(exponentials, highest - (all[token] as number));
		return total;
	}

	#candidatesMass(): number {
		let total = 0;
		for (let index = 0; index < this.count; index++)
			total += this.#massOf(index);
		return total;
	}

	#massOf(index: number): number {
		return negativeExp(
			this.#exponentials,
			this.#highest - (this.logits[index] as number),
		);
	}

	/**
	 * The bucket of depths, 16 to a nat, where so many tokens or so much mass is reached, and what the buckets before it hold;
	 * the number of buckets when it is not reached.
	 */
	#findBorder(
		wanted: number,
		measure: typeof countOne | typeof countMass,
	): { border: number; before: number } {
		const all = this.#all;
		const exponentials = this.#exponentials;
		const highest = this.#highest;
		const held = this.#bucketContents.fill(0);
		for (let token = 0; token < all.length; token++) {
			const depth = highest - (all[token] as number);
			if (depth < deepest) {
				(held[(depth * bucketsPerNat) | 0] as number) +=
					measure === countOne ? 1 : negativeExp(exponentials, depth);
			}
		}
		let before = 0;
		for (let border = 0; border < bucketCount; border++) {
			const reached = before + (held[border] as number);
			if (reached >= wanted) return { border, before };
			before = reached;
		}
		return { border: bucketCount, before };
	}

	/** Puts candidates of buckets before `border` first; how many they are. */
	#moveForward(border: number): number {
		const { tokens, logits } = this;
		const highest = this.#highest;
		let inside = 0;
		for (let index = 0; index < this.count; index++) {
			const logit = logits[index] as number;
			if ((((highest - logit) * bucketsPerNat) | 0) >= border) continue;
			const token = tokens[index] as number;
			tokens[index] = tokens[inside] as number;
			logits[index] = logits[inside] as number;
			tokens[inside] = token;
			logits[inside] = logit;
			inside++;
		}
		return inside;
	}

	#sort(first: number): void {
		const { tokens, logits, count } = this;
		sortByFallingLogit(
			tokens.subarray(first, count),
			logits.subarray(first, count),
			this.#sortKeys,
		);
	}

	#cutWhenReached(first: number, wanted: number): void {
		let rest = wanted;
		for (let index = first; index < this.count; index++) {
			rest -= this.#massOf(index);
			if (rest <= 0) {
				this.count = index + 1;
				return;
			}
		}
	}
}

/** Two running maxima and eight logits a turn: twice as fast as the plain loop. */
function highestOfBlock(all: Float32Array, start: number): number {
	let even = Number.NEGATIVE_INFINITY;
	let odd = Number.NEGATIVE_INFINITY;
	for (let token = start; token < start + blockSize; token += 8) {
		const a = all[token] as number;
		const b = all[token + 1] as number;
		const c = all[token + 2] as number;
		const d = all[token + 3] as number;
		const e = all[token + 4] as number;
		const f = all[token + 5] as number;
		const g = all[token + 6] as number;
		const h = all[token + 7] as number;
		if (a > even) even = a;
		if (b > odd) odd = b;
		if (c > even) even = c;
		if (d > odd) odd = d;
		if (e > even) even = e;
		if (f > odd) odd = f;
		if (g > even) even = g;
		if (h > odd) odd = h;
	}
	return even > odd ? even : odd;
}

function highestFrom(all: Float32Array, start: number): number {
	let highest = Number.NEGATIVE_INFINITY;
	for (let token = start; token < all.length; token++) {
		const logit = all[token] as number;
		if (logit > highest) highest = logit;
	}
	return highest;
}

/** The first index whose value is above the point, in values that never fall; the last one when none is. */
function firstAbove(values: Float64Array, point: number): number {
	let low = 0;
	let high = values.length - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((values[middle] as number) > point) high = middle;
		else low = middle + 1;
	}
	return low;
}

/** The value that `rank` values reach, itself included; puts the values in another order. Hoare's selection. */
function selectHighest(values: Float64Array, rank: number): number {
	let low = 0;
	let high = values.length - 1;
	const target = rank - 1;
	while (low < high) {
		const pivot = values[(low + high) >> 1] as number;
		let left = low;
		let right = high;
		while (left <= right) {
			while ((values[left] as number) > pivot) left++;
			while ((values[right] as number) < pivot) right--;
			if (left > right) break;
			const value = values[left] as number;
			values[left++] = values[right] as number;
			values[right--] = value;
		}
		if (target <= right) high = right;
		else if (target >= left) low = left;
		else break;
	}
	return values[target] as number;
}
