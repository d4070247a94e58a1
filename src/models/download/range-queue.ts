import type { ByteRange } from "./byte-ranges.ts";

/** The bytes that nobody is fetching yet, handed out in pieces from the front. */
export class RangeQueue {
	readonly #chunkBytes: number;
	#ranges: ByteRange[];

	constructor(missing: readonly ByteRange[], chunkBytes: number) {
		this.#ranges = [...missing];
		this.#chunkBytes = chunkBytes;
	}

	take(): ByteRange | null {
		const range = this.#ranges.shift();
		if (range === undefined) return null;
		const [from, end] = range;
		const cut = Math.min(end, from + this.#chunkBytes);
		if (cut < end) this.#ranges.unshift([cut, end]);
		return [from, cut];
	}

	/** What one could not fetch is the next to be taken. */
	giveBack(from: number, end: number): void {
		if (from < end) this.#ranges.unshift([from, end]);
	}

	clear(): void {
		this.#ranges = [];
	}
}
