const lineFeed = 0x0a;
const emptyEvent = Buffer.from("\n\n");
/** The last chunk of a chunked HTTP response. */
const responseEnd = Buffer.from("0\r\n\r\n");

/**
 * Counts server-sent events and responses in the raw bytes of one connection, cut anywhere, without parsing HTTP. An event ends with
 * two line feeds and nothing else in such a response does (HTTP's own lines end with CR LF); a response ends with a chunk of size 0.
 */
export class ChunkCounter {
	events = 0;
	responses = 0;
	#lastByte = 0;
	#tail = Buffer.alloc(0);

	/** Returns how many events ended in these bytes. */
	push(bytes: Buffer): number {
		let found = 0;
		let at = 0;
		if (this.#lastByte === lineFeed && bytes[0] === lineFeed) {
			found++;
			at = 1;
		}
		for (;;) {
			at = bytes.indexOf(emptyEvent, at);
			if (at < 0) break;
			found++;
			at += emptyEvent.length;
		}
		// After a counted pair the second line feed is used up; three in a row never occur.
		this.#lastByte = bytes[bytes.length - 1] ?? this.#lastByte;
		this.events += found;
		// A server sends the end with the last bytes of a response, so that only the end of a read has to be looked at.
		const tail =
			bytes.length >= responseEnd.length
				? bytes
				: Buffer.concat([this.#tail, bytes]);
		if (endsWith(tail, responseEnd)) this.responses++;
		this.#tail = Buffer.from(
			tail.subarray(Math.max(0, tail.length - responseEnd.length + 1)),
		);
		return found;
	}
}

function endsWith(bytes: Buffer, end: Buffer): boolean {
	return (
		bytes.length >= end.length &&
		bytes.compare(end, 0, end.length, bytes.length - end.length) === 0
	);
}
