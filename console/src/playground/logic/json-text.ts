/** The object, or what is wrong with the text. */
export function parseJsonObject(
	text: string,
): Record<string, unknown> | string {
	const value = parseJson(text);
	if (typeof value === "string") return value;
	if (
		typeof value.parsed !== "object" ||
		value.parsed === null ||
		Array.isArray(value.parsed)
	)
		return "this must be a JSON object: { ... }.";
	return value.parsed as Record<string, unknown>;
}

/** The value in a box, or what is wrong with the text, with the line. */
export function parseJson(text: string): { parsed: unknown } | string {
	try {
		return { parsed: JSON.parse(text) };
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		const place = /at position (\d+)/.exec(reason)?.[1];
		const line =
			place === undefined
				? ""
				: ` in line ${text.slice(0, Number(place)).split("\n").length}`;
		const what = reason
			.replace(/ in JSON at position.*$/s, "")
			.replace(/, ?"[\s\S]*$/, "");
		return `this is no JSON${line}: ${what}.`;
	}
}
