/** Keeps what was used last, up to a number of bytes. */
export class ByteBoundedCache<Key, Value> {
	readonly #entries = new Map<Key, { value: Value; bytes: number }>();
	readonly #maxBytes: number;
	#bytes = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get bytes(): number {
		return this.#bytes;
	}

	get(key: Key): Value | undefined {
		const entry = this.#entries.get(key);
		if (entry === undefined) return undefined;
		this.#entries.delete(key);
		this.#entries.set(key, entry);
		return entry.value;
	}

	set(key: Key, value: Value, bytes: number): void {
		this.#remove(key);
		this.#entries.set(key, { value, bytes });
		this.#bytes += bytes;
		for (const oldest of this.#entries.keys()) {
			if (this.#bytes <= this.#maxBytes || oldest === key) break;
			this.#remove(oldest);
		}
	}

	#remove(key: Key): void {
		this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
		this.#entries.delete(key);
	}
}
