/** Numbers that look random and are the same each time (mulberry32). */
export class Chance {
	#state: number;

	constructor(seed: number) {
		this.#state = seed;
	}

	/** 0 up to 1 */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
	}

	whole(least: number, most: number): number {
		return least + Math.floor(this.next() * (most - least + 1));
	}

	of<Item>(items: readonly Item[]): Item {
		return items[Math.floor(this.next() * items.length)] as Item;
	}

	some<Item>(items: readonly Item[], most: number): Item[] {
		const count = this.whole(1, most);
		return [...new Set(Array.from({ length: count }, () => this.of(items)))];
	}
}
