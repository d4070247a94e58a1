/** Where things stand in the bytes of a JSON text, for those who look for one of them and parse nothing else. */

const quote = 0x22;
const backslash = 0x5c;
/** Up to here a string is read byte by byte: a call out of JavaScript, which finds the end of a long one sooner, costs as much. */
const shortString = 64;

/** The quote that closes the string that opens at `start`; -1 where it never ends. */
export function closingQuote(bytes: Buffer, start: number): number {
	const near = Math.min(bytes.length, start + shortString);
	let at = start + 1;
	for (; at < near; at++) {
		const byte = bytes[at];
		if (byte === quote) return at;
		// What it escapes closes nothing.
		if (byte === backslash) at++;
	}
	for (
		at = bytes.indexOf(quote, at);
		at !== -1;
		at = bytes.indexOf(quote, at + 1)
	) {
		let slashes = 0;
		while (bytes[at - 1 - slashes] === backslash) slashes++;
		if (slashes % 2 === 0) return at;
	}
	return -1;
}

/** Behind the closing quote; -1 where the string never ends. */
export function stringEnd(bytes: Buffer, start: number): number {
	const close = closingQuote(bytes, start);
	return close === -1 ? -1 : close + 1;
}

export function skipSpace(bytes: Buffer, from: number): number {
	let at = from;
	for (; at < bytes.length; at++) {
		const byte = bytes[at];
		if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
	}
	return at;
}
