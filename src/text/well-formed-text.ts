/** Node 20 has the method; the language version we compile against does not declare it yet. */
interface WellFormedString {
	toWellFormed(): string;
}

/**
 * Half a surrogate pair is not a character and has no UTF-8: each becomes U+FFFD, as `TextEncoder` would write it. JSON
 * escapes let clients send such text.
 */
export function toWellFormedText(text: string): string {
	return (text as unknown as WellFormedString).toWellFormed();
}
