const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const dataField = Buffer.from("data:");

/**
 * Finds the data of server-sent events in a byte stream that is cut anywhere. It looks at bytes only and copies nothing unless an
 * event spans two chunks, because a load generator often shares its cores with the server that it measures.
 * The Buffer given to `onData` is valid during the call. Lines end with LF or CRLF; events without data are skipped.
 */
export class EventStreamScanner {
	readonly #onData: (data: Buffer) => void;
	/** Bytes of a line that has not ended yet. */
	#rest: Buffer | null = null;
	#data: Buffer | null = null;

	constructor(onData: (data: Buffer) => void) {
		this.#onData = onData;
	}

	push(chunk: Buffer): void {
		const bytes =
			this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
		let at = 0;
		for (;;) {
			const end = bytes.indexOf(lineFeed, at);
			if (end < 0) break;
			this.#takeLine(
				bytes,
				at,
				end > at && bytes[end - 1] === carriageReturn ? end - 1 : end,
			);
			at = end + 1;
		}
		// The chunk belongs to the caller: what outlives this call is copied.
		this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
		if (this.#data !== null) this.#data = Buffer.from(this.#data);
	}

	/** The stream has ended: an event whose empty line is missing still counts. */
	end(): void {
		const rest = this.#rest;
		this.#rest = null;
		if (rest !== null) this.#takeLine(rest, 0, rest.length);
		this.#dispatch();
	}

	#takeLine(bytes: Buffer, start: number, end: number): void {
		if (start === end) {
			this.#dispatch();
			return;
		}
		if (
			end - start < dataField.length ||
			bytes.compare(
				dataField,
				0,
				dataField.length,
				start,
				start + dataField.length,
			) !== 0
		) {
			return;
		}
		let from = start + dataField.length;
		if (from < end && bytes[from] === space) from++;
		const line = bytes.subarray(from, end);
		this.#data =
			this.#data === null
				? line
				: Buffer.concat([this.#data, Buffer.from("\n"), line]);
	}

	#dispatch(): void {
		const data = this.#data;
		this.#data = null;
		if (data !== null) this.#onData(data);
	}
}
