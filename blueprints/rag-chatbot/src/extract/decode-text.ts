/**
 * Bytes to text: by the byte order mark, then by what the server said, then by what the page says of itself, then UTF-8, and
 * Windows-1252 where that is not valid UTF-8 (what browsers do for pages that say nothing).
 */
export function decodeText(body: Uint8Array, charset: string | null): string {
	const mark = markedCharset(body);
	const named = mark ?? charset ?? declaredCharset(body);
	const decoder = named === null ? null : knownDecoder(named);
	if (decoder !== null) return decoder.decode(body);
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(body);
	} catch {
		// Not UTF-8: every byte is some character of this one.
		return new TextDecoder("windows-1252").decode(body);
	}
}

function markedCharset(body: Uint8Array): string | null {
	if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return "utf-8";
	if (body[0] === 0xfe && body[1] === 0xff) return "utf-16be";
	if (body[0] === 0xff && body[1] === 0xfe) return "utf-16le";
	return null;
}

/** `<meta charset=...>` within the first kilobyte, where HTML wants it. */
function declaredCharset(body: Uint8Array): string | null {
	const head = new TextDecoder("latin1").decode(body.subarray(0, 1024));
	const found = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
	// A page that could be read to find this is not in UTF-16, whatever it says.
	return found === undefined || /^utf-?16/i.test(found) ? null : found;
}

function knownDecoder(charset: string): TextDecoder | null {
	try {
		return new TextDecoder(charset);
	} catch {
		return null;
	}
}
