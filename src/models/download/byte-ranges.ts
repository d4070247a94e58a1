/** From the first byte up to but without `end`. */
export type ByteRange = readonly [from: number, end: number];

/** Which bytes of a file are there: sorted ranges that neither touch nor overlap. */
export class ByteRanges {
	#ranges: ByteRange[] = [];

	constructor(ranges: Iterable<ByteRange> = []) {
		for (const [from, end] of ranges) this.add(from, end);
	}

	add(from: number, end: number): void {
		if (end <= from) return;
		let [low, high] = [from, end];
		const before: ByteRange[] = [];
		const after: ByteRange[] = [];
		for (const range of this.#ranges) {
			if (range[1] < low) before.push(range);
			else if (range[0] > high) after.push(range);
			else {
				low = Math.min(low, range[0]);
				high = Math.max(high, range[1]);
			}
		}
		this.#ranges = [...before, [low, high], ...after];
	}

	/** What lacks in the first `sizeBytes` bytes. */
	missing(sizeBytes: number): ByteRange[] {
		const gaps: ByteRange[] = [];
		let position = 0;
		for (const [from, end] of this.#ranges) {
			if (from >= sizeBytes) break;
			if (from > position) gaps.push([position, from]);
			position = Math.max(position, end);
		}
		if (position < sizeBytes) gaps.push([position, sizeBytes]);
		return gaps;
	}

	get total(): number {
		return this.#ranges.reduce((sum, [from, end]) => sum + end - from, 0);
	}

	toArray(): readonly ByteRange[] {
		return [...this.#ranges];
	}
}
