/** Random access to bytes: a file, or memory in tests. */
export interface ByteSource {
	readonly sizeBytes: number;
	/** Fills `target` from `position`; returns how many bytes there were. */
	read(target: Uint8Array, position: number): Promise<number>;
}

/** Thrown when a value would lie behind the end of the bytes. */
export class EndOfBytes extends Error {
	override readonly name = "EndOfBytes";
}

const defaultWindowBytes = 1024 * 1024;

/**
 * Reads little-endian values from front to back through one window of memory, so that a header of any length costs the
 * same memory. Call `need` before the getters; it resolves at once, without a promise, while the window holds enough.
 *
 *     source  [ . . . . |======== window ========| . . . . . . ]
 *                            ^ at                ^ end
 */
export class ByteCursor {
	readonly #source: ByteSource;
	#window: Buffer;
	/** Offset of the window's first byte in the source. */
	#start = 0;
	#at = 0;
	#end = 0;

	constructor(source: ByteSource, windowBytes = defaultWindowBytes) {
		this.#source = source;
		this.#window = Buffer.alloc(
			Math.min(windowBytes, Math.max(source.sizeBytes, 16)),
		);
	}

	get position(): number {
		return this.#start + this.#at;
	}

	/** Bytes that the getters can read without another `need`. */
	get bufferedBytes(): number {
		return this.#end - this.#at;
	}

	need(bytes: number): Promise<void> | undefined {
		return bytes <= this.bufferedBytes ? undefined : this.#fill(bytes);
	}

	uint8(): number {
		return this.#window.readUInt8(this.#advance(1));
	}

	int8(): number {
		return this.#window.readInt8(this.#advance(1));
	}

	uint16(): number {
		return this.#window.readUInt16LE(this.#advance(2));
	}

	int16(): number {
		return this.#window.readInt16LE(this.#advance(2));
	}

	uint32(): number {
		return this.#window.readUInt32LE(this.#advance(4));
	}

	int32(): number {
		return this.#window.readInt32LE(this.#advance(4));
	}

	float32(): number {
		return this.#window.readFloatLE(this.#advance(4));
	}

	uint64(): bigint {
		return this.#window.readBigUInt64LE(this.#advance(8));
	}

	int64(): bigint {
		return this.#window.readBigInt64LE(this.#advance(8));
	}

	float64(): number {
		return this.#window.readDoubleLE(this.#advance(8));
	}

	utf8(bytes: number): string {
		const from = this.#advance(bytes);
		return this.#window.toString("utf8", from, from + bytes);
	}

	/** Moves on without reading; refuses to leave the source. */
	skip(bytes: number): void {
		if (this.position + bytes > this.#source.sizeBytes) throw new EndOfBytes();
		if (bytes <= this.bufferedBytes) {
			this.#at += bytes;
			return;
		}
		this.#start = this.position + bytes;
		this.#at = 0;
		this.#end = 0;
	}

	/**
	 * Walks over texts that each stand behind their length in 8 bytes, as far as the window reaches, at most `count`.
	 * Returns how many; stops before one that is longer than `maxBytes`.
	 */
	skipTexts(count: number, maxBytes: number): number {
		const window = this.#window;
		let at = this.#at;
		let walked = 0;
		while (walked < count && this.#end - at >= 8) {
			// Two halves instead of a bigint, and no calls: a vocabulary has 100,000 texts, and this halves the time for them.
			const bytes = window.readUInt32LE(at);
			if (bytes > maxBytes || window.readUInt32LE(at + 4) !== 0) break;
			if (this.#end - at - 8 < bytes) break;
			at += 8 + bytes;
			walked++;
		}
		this.#at = at;
		return walked;
	}

	#advance(bytes: number): number {
		const from = this.#at;
		if (bytes > this.bufferedBytes) throw new EndOfBytes();
		this.#at += bytes;
		return from;
	}

	async #fill(bytes: number): Promise<void> {
		if (this.position + bytes > this.#source.sizeBytes) throw new EndOfBytes();
		const kept = this.#window.subarray(this.#at, this.#end);
		const window =
			bytes > this.#window.length ? Buffer.alloc(bytes) : this.#window;
		window.set(kept);
		this.#start = this.position;
		this.#window = window;
		this.#at = 0;
		this.#end = kept.length;
		while (this.#end < bytes) {
			const count = await this.#source.read(
				window.subarray(this.#end),
				this.#start + this.#end,
			);
			if (count === 0) throw new EndOfBytes();
			this.#end += count;
		}
	}
}
