import { createNegativeExpTable, negativeExp } from "./negative-exp.ts";

/**
 * Which tokens may be drawn, found in as few passes over the vocabulary as the question needs. These loops run for every
 * token of every sequence between two steps, so they are plain and allocate nothing. Logits that are not numbers and those
 * of banned tokens (-Infinity) are never taken.
 *
 * Tokens are sorted into buckets by how far they are below the highest logit, 16 to a nat, and only the bucket where a
 * border falls is looked at token by token:
 *
 *     highest                                            lowest
 *     |  0  |  1  |  2  | ... |  border  | ... |  511  |  deeper
 *      all of them are in      by order     none of them
 */
const bucketsPerNat = 16;
const bucketCount = 512;
const blockSize = 64;

export class Candidates {
	/** The first `count` entries of both are the candidates. */
	readonly tokens: Int32Array;
	readonly logits: Float32Array;
	count = 0;
	/** The highest logit of the vocabulary and its token; -1 when there is none. */
	highest = Number.NEGATIVE_INFINITY;
	best = -1;
	readonly #sizes = new Uint32Array(bucketCount);
	readonly #masses = new Float64Array(bucketCount);
	readonly #blockMasses: Float64Array;
	readonly #sortKeys: Float64Array;
	readonly #exponentials = createNegativeExpTable();
	readonly #keyFloat = new Float32Array(1);
	readonly #keyBits = new Int32Array(this.#keyFloat.buffer);

	/** One for a vocabulary of this size, to be used again and again. */
	constructor(vocabularySize: number) {
		this.tokens = new Int32Array(vocabularySize);
		this.logits = new Float32Array(vocabularySize);
		this.#sortKeys = new Float64Array(vocabularySize);
		this.#blockMasses = new Float64Array(Math.ceil(vocabularySize / blockSize));
	}

	/** Fills in `highest` and `best`, which everything else builds on; of equal logits the first. */
	findHighest(all: Float32Array): void {
		let highest = Number.NEGATIVE_INFINITY;
		let best = -1;
		for (let token = 0; token < all.length; token++) {
			const logit = all[token] as number;
			if (logit > highest) {
				highest = logit;
				best = token;
			}
		}
		this.highest = highest;
		this.best = best;
	}

	/** All tokens with at least this share of the best one's probability. */
	takeLikely(all: Float32Array, share: number): void {
		this.#takeWithin(all, -Math.log(share) * bucketsPerNat);
	}

	/** The `wanted` highest, in falling order. */
	takeHighest(all: Float32Array, wanted: number): void {
		const sizes = this.#sizes.fill(0);
		const { highest } = this;
		for (let token = 0; token < all.length; token++) {
			const depth = (highest - (all[token] as number)) * bucketsPerNat;
			if (depth < bucketCount) (sizes[depth | 0] as number)++;
		}
		let border = 0;
		let held = sizes[0] as number;
		while (held < wanted && border < bucketCount - 1)
			held += sizes[++border] as number;
		this.#takeWithin(
			all,
			held < wanted ? Number.POSITIVE_INFINITY : border + 1,
		);
		this.#sort(0);
		this.count = Math.min(this.count, wanted);
	}

	/** The highest tokens that together reach this share of the probability, the one that reaches it included. */
	takeNucleus(all: Float32Array, share: number): void {
		const masses = this.#masses.fill(0);
		const exponentials = this.#exponentials;
		const { highest } = this;
		let total = 0;
		for (let token = 0; token < all.length; token++) {
			const depth = (highest - (all[token] as number)) * bucketsPerNat;
			if (depth < bucketCount) {
				const mass = negativeExp(exponentials, depth * (1 / bucketsPerNat));
				(masses[depth | 0] as number) += mass;
				total += mass;
			}
		}
		let border = 0;
		let rest = share * total;
		while (border < bucketCount - 1 && rest > (masses[border] as number))
			rest -= masses[border++] as number;
		this.#takeWithin(all, border + 1);
		const inside = this.#moveForward(border);
		this.#sort(inside);
		this.#cutWhenReached(inside, rest);
	}

	/** Keeps the first candidates that together reach this share of what all candidates have. They stand in falling order. */
	keepNucleus(share: number): void {
		let total = 0;
		for (let index = 0; index < this.count; index++)
			total += this.#massOf(index);
		this.#cutWhenReached(0, share * total);
	}

	keepLikely(share: number): void {
		const lowest = this.highest + Math.log(share);
		let kept = 0;
		for (let index = 0; index < this.count; index++) {
			const logit = this.logits[index] as number;
			if (logit < lowest) continue;
			this.tokens[kept] = this.tokens[index] as number;
			this.logits[kept] = logit;
			kept++;
		}
		this.count = kept;
	}

	/** Draws a candidate; `random` is uniform in [0, 1). */
	draw(temperature: number, random: number): number {
		const { logits, tokens, count, highest } = this;
		const exponentials = this.#exponentials;
		const scale = 1 / temperature;
		let total = 0;
		for (let index = 0; index < count; index++) {
			total += negativeExp(
				exponentials,
				(highest - (logits[index] as number)) * scale,
			);
		}
		let rest = random * total;
		for (let index = 0; index < count; index++) {
			rest -= negativeExp(
				exponentials,
				(highest - (logits[index] as number)) * scale,
			);
			if (rest < 0) return tokens[index] as number;
		}
		return this.best;
	}

	/** Draws from the whole vocabulary: first a block of tokens by its mass, then a token of that block. */
	drawFromAll(all: Float32Array, temperature: number, random: number): number {
		const exponentials = this.#exponentials;
		const blockMasses = this.#blockMasses;
		const { highest } = this;
		const scale = 1 / temperature;
		let total = 0;
		for (
			let start = 0, block = 0;
			start < all.length;
			start += blockSize, block++
		) {
			const end = Math.min(start + blockSize, all.length);
			let mass = 0;
			for (let token = start; token < end; token++) {
				mass += negativeExp(
					exponentials,
					(highest - (all[token] as number)) * scale,
				);
			}
			blockMasses[block] = mass;
			total += mass;
		}
		let rest = random * total;
		let block = 0;
		while (
			block < blockMasses.length - 1 &&
			rest >= (blockMasses[block] as number)
		)
			rest -= blockMasses[block++] as number;
		let drawn = this.best;
		for (
			let token = block * blockSize;
			token < all.length && rest >= 0;
			token++
		) {
			const mass = negativeExp(
				exponentials,
				(highest - (all[token] as number)) * scale,
			);
			if (mass > 0) drawn = token;
			rest -= mass;
		}
		return drawn;
	}

	/** Tokens whose depth in buckets is below the limit, in the vocabulary's order. */
	#takeWithin(all: Float32Array, depthLimit: number): void {
		const { tokens, logits, highest } = this;
		let count = 0;
		for (let token = 0; token < all.length; token++) {
			const logit = all[token] as number;
			if ((highest - logit) * bucketsPerNat < depthLimit) {
				tokens[count] = token;
				logits[count] = logit;
				count++;
			}
		}
		this.count = count;
	}

	/** Puts candidates of buckets before `border` first; how many they are. */
	#moveForward(border: number): number {
		const { tokens, logits, highest } = this;
		let inside = 0;
		for (let index = 0; index < this.count; index++) {
			const logit = logits[index] as number;
			if ((highest - logit) * bucketsPerNat >= border) continue;
			const token = tokens[index] as number;
			tokens[index] = tokens[inside] as number;
			logits[index] = logits[inside] as number;
			tokens[inside] = token;
			logits[inside] = logit;
			inside++;
		}
		return inside;
	}

	/**
	 * Orders candidates from `first` on by falling logit, then by token. A key is one double: the logit's bits made an
	 * integer that falls as the logit rises, times 2^21, plus the token; vocabularies are far smaller than 2^21.
	 */
	#sort(first: number): void {
		const { tokens, logits, count } = this;
		const keys = this.#sortKeys.subarray(first, count);
		for (let index = first; index < count; index++) {
			// Adding 0 makes -0 and 0 the same.
			this.#keyFloat[0] = (logits[index] as number) + 0;
			const bits = this.#keyBits[0] as number;
			const rising = bits < 0 ? bits ^ 0x7fff_ffff : bits;
			keys[index - first] = -rising * 2 ** 21 + (tokens[index] as number);
		}
		keys.sort();
		for (let index = first; index < count; index++) {
			const key = keys[index - first] as number;
			const falling = Math.floor(key / 2 ** 21);
			tokens[index] = key - falling * 2 ** 21;
			const rising = -falling | 0;
			this.#keyBits[0] = rising < 0 ? rising ^ 0x7fff_ffff : rising;
			logits[index] = this.#keyFloat[0] as number;
		}
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

	#massOf(index: number): number {
		return negativeExp(
			this.#exponentials,
			this.highest - (this.logits[index] as number),
		);
	}
}
