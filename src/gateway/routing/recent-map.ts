/**
 * A bounded map that keeps what was used lately. Two generations: what is used comes into the young one; when that is full it becomes
 * the old one, and what was not used since the last time is gone. So it costs the same however much it holds, which a map that is
 * kept in order of use does not: deleted entries at its beginning have to be skipped each time.
 */
export class RecentMap<Key, Value> {
	readonly #half: number;
	#young = new Map<Key, Value>();
	#old = new Map<Key, Value>();

	/** At most so many entries, and the last half of them in any case. */
	constructor(maxEntries: number) {
		this.#half = Math.max(1, Math.floor(maxEntries / 2));
	}

	/** Counts as use. */
	get(key: Key): Value | undefined {
		const young = this.#young.get(key);
		if (young !== undefined) return young;
		const old = this.#old.get(key);
		if (old !== undefined) this.set(key, old);
		return old;
	}

	set(key: Key, value: Value): void {
		this.#young.set(key, value);
		if (this.#young.size < this.#half) return;
		this.#old = this.#young;
		this.#young = new Map();
	}

	/** Some twice, where they are in both generations. */
	*values(): Iterable<Value> {
		yield* this.#young.values();
		yield* this.#old.values();
	}
}
