const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** An event that is larger is no event. */
const mostHeldBytes = 16 * 1024 * 1024;

/**
 * Cuts a byte stream between events, wherever its pieces are cut: hands out whole events as soon as they are whole, and keeps the
 * beginning of the next. A piece that ends with an event, as nearly all do, is handed out as it is.
 */
export class EventPieces {
	#held: Buffer[] = [];
	#heldBytes = 0;
	/** The last two bytes of what came before, the later one last. */
	#before: readonly [number, number] = [0, 0];

	/** Whole events, or nothing yet. */
	add(piece: Buffer): Buffer | null {
		if (piece.length === 0) return null;
		const end = this.#lastEnd(piece);
		const before: [number, number] =
			piece.length === 1
				? [this.#before[1], piece[0] ?? 0]
				: [piece[piece.length - 2] ?? 0, piece[piece.length - 1] ?? 0];
		this.#before = before;
		if (end === -1) {
			this.#hold(piece);
			return this.#heldBytes > mostHeldBytes ? this.rest() : null;
		}
		const whole =
			this.#held.length === 0
				? piece.subarray(0, end)
				: Buffer.concat([...this.#held, piece.subarray(0, end)]);
		this.#held = [];
		this.#heldBytes = 0;
		if (end < piece.length) this.#hold(piece.subarray(end));
		return whole;
	}

	/** What began and didn't end. */
	rest(): Buffer | null {
		if (this.#held.length === 0) return null;
		const rest = Buffer.concat(this.#held);
		this.#held = [];
		this.#heldBytes = 0;
		return rest;
	}

	/** The piece is the caller's: what outlives the call is copied. */
	#hold(piece: Buffer): void {
		this.#held.push(Buffer.from(piece));
		this.#heldBytes += piece.length;
	}

	/** Behind the last empty line; -1 without one. */
	#lastEnd(piece: Buffer): number {
		for (
			let at = piece.lastIndexOf(lineFeed);
			at !== -1;
			at = at === 0 ? -1 : piece.lastIndexOf(lineFeed, at - 1)
		) {
			const previous = this.#byte(piece, at - 1);
			if (previous === lineFeed) return at + 1;
			if (previous === carriageReturn && this.#byte(piece, at - 2) === lineFeed)
				return at + 1;
		}
		return -1;
	}

	#byte(piece: Buffer, at: number): number | undefined {
		if (at >= 0) return piece[at];
		return at === -1
			? this.#before[1]
			: at === -2
				? this.#before[0]
				: undefined;
	}
}
