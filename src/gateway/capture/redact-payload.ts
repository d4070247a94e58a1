import { redactSecrets } from "../../observability/redaction.ts";

/** At most so much of an image or a recording within a body says which one it was. */
const shownOfData = 40;

const email = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
/** 13 to 19 digits in groups; Luhn's sum tells cards from other numbers. */
const digits = /(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])/g;

/** A text without e-mail addresses, card numbers, keys and passwords. */
export function redactText(text: string): string {
	return redactSecrets(text)
		.replace(email, "[email]")
		.replace(digits, (number) => (isCard(number) ? "[card]" : number));
}

/** Every text of a value, changed; data addresses cut to their beginning. */
export function mapTexts(
	value: unknown,
	change: (text: string) => string,
): unknown {
	if (typeof value === "string")
		return value.startsWith("data:") && value.length > 1000
			? `${value.slice(0, shownOfData)}... (${value.length} characters)`
			: change(value);
	if (Array.isArray(value))
		return value.map((entry) => mapTexts(entry, change));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, entry]) => [key, mapTexts(entry, change)]),
	);
}

function isCard(number: string): boolean {
	const all = number.replaceAll(/[ -]/g, "");
	let sum = 0;
	for (let place = 0; place < all.length; place++) {
		const digit = Number(all[all.length - 1 - place]);
		const counted = place % 2 === 1 ? digit * 2 : digit;
		sum += counted > 9 ? counted - 9 : counted;
	}
	return sum % 10 === 0;
}
