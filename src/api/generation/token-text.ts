const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A token's text, or null when its bytes are part of a character. */
export function tokenText(bytes: Uint8Array): string | null {
	try {
		return strict.decode(bytes);
	} catch (cause) {
		if (cause instanceof TypeError) return null;
		throw cause;
	}
}

/** `\xe2\x80`: how OpenAI shows bytes that are no text. */
export function escapedBytes(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += `\\x${byte.toString(16).padStart(2, "0")}`;
	return text;
}

/** JSON has no infinities; OpenAI and vLLM write this for "impossible". */
const lowestLogprob = -9999;

export function finiteLogprob(logprob: number): number {
	return logprob >= lowestLogprob ? logprob : lowestLogprob;
}
