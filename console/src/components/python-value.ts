/** A JSON value as Python writes it. */
export function pythonValue(value: unknown, spaces: number): string {
	if (value === null || value === undefined) return "None";
	if (value === true) return "True";
	if (value === false) return "False";
	if (typeof value === "number") return String(value);
	if (typeof value === "string") return JSON.stringify(value);
	const inner = " ".repeat(spaces + 4);
	const items = Array.isArray(value)
		? value.map((item) => pythonValue(item, spaces + 4))
		: Object.entries(value).map(
				([name, item]) =>
					`${JSON.stringify(name)}: ${pythonValue(item, spaces + 4)}`,
			);
	const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
	const oneLine = `${open}${items.join(", ")}${close}`;
	if (!oneLine.includes("\n") && oneLine.length <= 72 - spaces) return oneLine;
	return `${open}\n${items.map((item) => `${inner}${item},`).join("\n")}\n${" ".repeat(spaces)}${close}`;
}
