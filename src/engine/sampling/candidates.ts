import {
	blockSize,
	boundBlocks,
	findBest,
	gatherAtLeast,
	gatherHighest,
} from "./logit-scans.ts";
import {
	createNegativeExpTable,
	deepest,
	negativeExp,
} from "./negative-exp.ts";
import { sortByFallingLogit } from "./sort-by-logit.ts";

/** The nucleus of all but the flattest distributions lies within these nats below the best token, and is no larger. */
const usualDepth = 4;
const usualCount = 1024;
/** Up to here putting every find in its place is faster than looking for the border first. */
const mostInserted = 256;
/** Far more than one point in 64 could ever need. */
const mostAttempts = 100_000;
const bucketsPerNat = 16;
const bucketCount = bucketsPerNat * deepest;
const countOne = "tokens";
const countMass = "mass";

/**
 * Which tokens may be drawn, found in as few looks at the vocabulary as the question needs: this runs for every token of
 * every sequence between two steps. Banned tokens (-Infinity) and logits that are not numbers are never candidates.
 */
export class Candidates {
	/** The first `count` entries of both are the candidates. */
	readonly tokens: Int32Array;
	readonly logits: Float32Array;
	count = 0;
	/** What probabilities are compared with. */
	#highest = 0;
	readonly #blockLogits: Float32Array;
	readonly #blockEnds: Float64Array;
	readonly #bucketContents = new Float64Array(bucketCount);
	readonly #sortKeys: Float64Array;
	readonly #exponentials = createNegativeExpTable();

	/** One for a vocabulary of this size, to be used again and again. */
	constructor(vocabularySize: number) {
		const blocks = Math.ceil(vocabularySize / blockSize);
		this.tokens = new Int32Array(vocabularySize);
		this.logits = new Float32Array(vocabularySize);
		this.#sortKeys = new Float64Array(vocabularySize);
		this.#blockLogits = new Float32Array(blocks);
		this.#blockEnds = new Float64Array(blocks);
	}

	/** All tokens with at least this share of the best one's probability. */
	takeLikely(all: Float32Array, share: number): void {
		if (!this.#findHighest(all)) return;
		this.#takeAtLeast(all, this.#highest + Math.log(share));
	}

	/** The `wanted` highest, in falling order; of equal ones the first. */
	takeHighest(all: Float32Array, wanted: number): void {
		if (wanted <= mostInserted) {
			this.count = gatherHighest(all, wanted, this.tokens, this.logits);
			this.#highest = this.logits[0] as number;
			return;
		}
		if (!this.#findHighest(all)) return;
		const { border } = this.#findBorder(all, wanted, countOne);
		const isAll = border === bucketCount;
		this.#takeAtLeast(
			all,
			isAll ? -Number.MAX_VALUE : this.#highest - (border + 2) / bucketsPerNat,
		);
		this.#sort(0);
		this.count = Math.min(this.count, wanted);
	}

	/** The highest tokens that together reach this share of the probability, the one that reaches it included. */
	takeNucleus(all: Float32Array, share: number): void {
		if (!this.#findHighest(all)) return;
		const wanted = share * this.#totalMass(all);
		this.#takeAtLeast(all, this.#highest - usualDepth);
		if (this.count <= usualCount && this.#candidatesMass() >= wanted) {
			this.#sort(0);
			this.#cutWhenReached(0, wanted);
			return;
		}
		const { border, before } = this.#findBorder(all, wanted, countMass);
		this.#takeAtLeast(all, this.#highest - (border + 2) / bucketsPerNat);
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

	/** Draws a candidate, of which there must be one; `random` gives uniform numbers in [0, 1). */
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
		return tokens[0] as number;
	}

	/**
	 * Draws from the whole vocabulary without computing every token's probability: throws points on an area that covers the
	 * probabilities, each block of tokens as high as its highest, until one falls under its own token's probability. At least
	 * one point in 64 does, and the outcome is as exact as with a sum over all tokens. -1 when no token can be drawn.
	 */
	drawFromAll(
		all: Float32Array,
		temperature: number,
		random: () => number,
	): number {
		const blockLogits = this.#blockLogits;
		const ends = this.#blockEnds;
		const exponentials = this.#exponentials;
		const scale = 1 / temperature;
		boundBlocks(all, blockLogits);
		let highest = Number.NEGATIVE_INFINITY;
		for (let block = 0; block < blockLogits.length; block++) {
			if ((blockLogits[block] as number) > highest)
				highest = blockLogits[block] as number;
		}
		let total = 0;
		for (let block = 0; block < ends.length; block++) {
			total += negativeExp(
				exponentials,
				(highest - (blockLogits[block] as number)) * scale,
			);
			ends[block] = total;
		}
		for (let attempt = 0; attempt < mostAttempts && total > 0; attempt++) {
			const point = random() * total;
			const block = firstAbove(ends, point);
			const start = block === 0 ? 0 : (ends[block - 1] as number);
			const height = (ends[block] as number) - start;
			// One random number is place and height: where it falls in the block, and how far into that token's part.
			const place = ((point - start) / height) * blockSize;
			const token = block * blockSize + (place | 0);
			const mass = negativeExp(
				exponentials,
				(highest - (all[token] ?? Number.NEGATIVE_INFINITY)) * scale,
			);
			if ((place - (place | 0)) * height < mass) return token;
		}
		return findBest(all);
	}

	/** False, and no candidates, when there is no token to compare with. */
	#findHighest(all: Float32Array): boolean {
		const best = findBest(all);
		this.#highest = all[best] ?? 0;
		this.count = 0;
		return best >= 0;
	}

	#takeAtLeast(all: Float32Array, lowest: number): void {
		this.count = gatherAtLeast(all, lowest, this.tokens, this.logits);
	}

	#totalMass(all: Float32Array): number {
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
		all: Float32Array,
		wanted: number,
		measure: typeof countOne | typeof countMass,
	): { border: number; before: number } {
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
