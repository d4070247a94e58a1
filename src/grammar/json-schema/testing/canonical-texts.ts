import { decimalText } from "../numbers.ts";

const maxTexts = 720;

/** A value without blanks and with plain decimals, its properties in every order (up to 720 texts). */
export function canonicalTexts(value: unknown): string[] {
	if (typeof value === "number") return [decimalText(value)];
	if (Array.isArray(value))
		return joined(value.map(canonicalTexts)).map((items) => `[${items}]`);
	if (typeof value !== "object" || value === null)
		return [JSON.stringify(value)];
	const members = Object.entries(value).map(([key, member]) =>
		canonicalTexts(member).map((text) => `${JSON.stringify(key)}:${text}`),
	);
	return orders(members)
		.flatMap(joined)
		.slice(0, maxTexts)
		.map((text) => `{${text}}`);
}

function joined(parts: readonly string[][]): string[] {
	let texts = [""];
	for (const [index, part] of parts.entries())
		texts = texts
			.flatMap((text) =>
				part.map((own) => (index === 0 ? own : `${text},${own}`)),
			)
			.slice(0, maxTexts);
	return texts;
}

function orders<Item>(items: readonly Item[]): Item[][] {
	if (items.length < 2 || items.length > 6) return [[...items]];
	return items.flatMap((item, index) =>
		orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
	);
}
