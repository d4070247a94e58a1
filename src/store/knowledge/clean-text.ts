/** PostgreSQL stores neither NUL nor half a surrogate pair; the length stays, because offsets point into the text. */
export function cleanText(text: string): string {
	return text.toWellFormed().replaceAll("\0", "\ufffd");
}
