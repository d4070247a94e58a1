export interface PromptLookupOptions {
	/** Shortest repetition worth following, in tokens. */
	minMatch?: number;
	/** Longer repetitions are not told apart: the latest counts. */
	maxMatch?: number;
	/** Earlier occurrences of the last `minMatch` tokens that one search looks at, latest first. */
	maxCandidates?: number;
}

/**
 * Guesses the next tokens of one sequence from its own text (prompt lookup decoding, Saxena 2023): where the last tokens
 * occurred before, what followed then may follow again. Quotes, edited code, extracted fields and loops are full of it.
 *
 * Of the earlier occurrences of the last `minMatch` tokens, the one whose preceding tokens agree longest (up to
 * `maxMatch`) is followed; of equals, the latest. Two tokens recur by chance in any text and a wrong guess costs
 * computing, so three is the shortest; beyond eight nothing more is told apart.
 *
 *     a b c d e f  . . .  x b c d          last tokens b c d, seen before
 *       [   ] e f            [   ] e f ?   proposal
 *
 * Positions are chained by a hash of the `minMatch` tokens before them, as in deflate: `#latest` has the last position
 * of each bucket, `#previous` for each position the one before it. A bucket's chain may mix different tokens, so hits are
 * compared with the real ones. Eight to twelve bytes a token; appending costs one hash.
 */
export class PromptLookup {
	readonly #minMatch: number;
	readonly #maxMatch: number;
	readonly #maxCandidates: number;
	/** The sequence's own array, not a copy. */
	#tokens: Int32Array = new Int32Array(0);
	#length = 0;
	/** Positions below this one are in the chains. */
	#indexed = 0;
	/** By bucket, its size a power of two: the last position that follows such tokens; 0 is none. */
	#latest = new Int32Array(256);
	/** By position: the position before it in its bucket; 0 is none. */
	#previous = new Int32Array(256);
	/** Of the current end: where it is continued from (0 is nowhere), by how many tokens it agrees. Null: not searched. */
	#match: { position: number; length: number } | null = null;

	constructor({
		minMatch = 3,
		maxMatch = 8,
		maxCandidates = 64,
	}: PromptLookupOptions = {}) {
		this.#minMatch = Math.max(1, minMatch);
		this.#maxMatch = Math.max(this.#minMatch, maxMatch);
		this.#maxCandidates = maxCandidates;
	}

	/**
	 * The sequence is now `tokens[0..length)`. Its array may be another one than last time, its beginning must be the same;
	 * a shorter length begins anew.
	 */
	sync(tokens: Int32Array, length: number): void {
		if (length < this.#length) this.#restart();
		if (length !== this.#length) this.#match = null;
		this.#tokens = tokens;
		this.#length = length;
		if (length > this.#previous.length) this.#grow(length);
		// A position is worth finding once a token stands there, so the sequence's end never finds itself.
		for (; this.#indexed < length; this.#indexed++) this.#add(this.#indexed);
	}

	/** How many of the last tokens occurred before, `maxMatch` at most; 0 when there is nothing to follow. */
	get matchLength(): number {
		return this.#find().length;
	}

	/**
	 * Up to `most` tokens that may come next; empty when the last tokens are new. A repetition that reaches the end goes
	 * on in circles, as when unpacking deflate: what repeats with a period of two is proposed beyond two tokens.
	 */
	propose(most: number): Int32Array {
		const { position } = this.#find();
		if (position === 0 || most <= 0) return new Int32Array(0);
		const proposal = new Int32Array(most);
		for (let i = 0; i < most; i++) {
			const from = position + i;
			proposal[i] =
				(from < this.#length
					? this.#tokens[from]
					: proposal[from - this.#length]) ?? 0;
		}
		return proposal;
	}

	#find(): { position: number; length: number } {
		this.#match ??= this.#search();
		return this.#match;
	}

	#search(): { position: number; length: number } {
		const best = { position: 0, length: 0 };
		if (this.#length <= this.#minMatch) return best;
		let position = this.#latest[this.#bucket(this.#length)] ?? 0;
		for (let seen = 0; position > 0 && seen < this.#maxCandidates; seen++) {
			const length = this.#agreement(position);
			if (length >= this.#minMatch && length > best.length) {
				best.position = position;
				best.length = length;
				if (length === this.#maxMatch) break;
			}
			position = this.#previous[position] ?? 0;
		}
		return best;
	}

	/** How many tokens before `position` are those before the end. */
	#agreement(position: number): number {
		const most = Math.min(this.#maxMatch, position);
		let length = 0;
		while (
			length < most &&
			this.#tokens[position - 1 - length] ===
				this.#tokens[this.#length - 1 - length]
		)
			length++;
		return length;
	}

	#add(position: number): void {
		if (position < this.#minMatch) return;
		const bucket = this.#bucket(position);
		this.#previous[position] = this.#latest[bucket] ?? 0;
		this.#latest[bucket] = position;
	}

	/** Bucket of the `minMatch` tokens before `position`. */
	#bucket(position: number): number {
		let hash = 0;
		for (let i = position - this.#minMatch; i < position; i++) {
			hash = Math.imul(hash ^ (this.#tokens[i] ?? 0), 0x9e3779b1);
			hash ^= hash >>> 15;
		}
		return hash & (this.#latest.length - 1);
	}

	/** Doubles, so that each token is chained anew only once or twice however long the sequence becomes. */
	#grow(length: number): void {
		let size = this.#previous.length;
		while (size < length) size *= 2;
		this.#previous = new Int32Array(size);
		this.#latest = new Int32Array(size);
		this.#indexed = 0;
	}

	#restart(): void {
		this.#latest.fill(0);
		this.#indexed = 0;
		this.#match = null;
	}
}
