type Cell = string | number | boolean | null | undefined;

/** Rows as RFC 4180 has them, with a heading; unknown is empty. */
export function toCsv(
	head: readonly string[],
	rows: readonly (readonly Cell[])[],
): string {
	return [head, ...rows]
		.map((row) => `${row.map(toField).join(",")}\r\n`)
		.join("");
}

function toField(cell: Cell): string {
	if (cell === null || cell === undefined) return "";
	if (typeof cell !== "string") return String(cell);
	// A text that begins like a formula is run by spreadsheets: a model's answer may be one.
	const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
