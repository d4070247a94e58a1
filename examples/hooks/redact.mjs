// Takes e-mail addresses and card numbers out of what users write and out of what models answer, streamed answers included.
//
//     gateway:
//       hooks:
//         - module: ./examples/hooks/redact.mjs
//           options: { email: true, card: true, answers: true }

/** @import { CreateHook, JsonValue, TextFilter } from "../../src/gateway/hooks/gateway-hook.ts" */

const email = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const numbers = /(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)/g;

/** The longest thing that is looked for: what a stream has said goes out when nothing like it can begin there any more. */
const longest = 320;
/** What an address or a number may be written with; all else ends it. */
const boundary = /[^\p{L}\p{N}._%+@ -]/u;

/** @type {CreateHook} */
export function createHook(options) {
	const { email: addresses = true, card = true, answers = true } = options;
	/** @param {string} text */
	const redact = (text) => {
		let redacted = text;
		if (addresses) redacted = redacted.replace(email, "[email]");
		if (card)
			redacted = redacted.replace(numbers, (number) =>
				isCard(number) ? "[card]" : number,
			);
		return redacted;
	};
	return {
		name: "redact",
		onRequest: (body) =>
			body === null
				? undefined
				: {
						action: "replace",
						body: /** @type {any} */ (inTexts(body, redact)),
					},
		filterText: () => (answers ? new HeldBack(redact) : null),
	};
}

/** @implements {TextFilter} */
class HeldBack {
	#rest = "";
	#redact;

	/** @param {(text: string) => string} redact */
	constructor(redact) {
		this.#redact = redact;
	}

	/** @param {string} text */
	push(text) {
		const all = this.#rest + text;
		const cut = safeCut(all);
		this.#rest = all.slice(cut);
		return this.#redact(all.slice(0, cut));
	}

	end() {
		const rest = this.#rest;
		this.#rest = "";
		return this.#redact(rest);
	}
}

/**
 * Up to where a text can go out: behind the last character that no address and no number goes across. Plain words wait for the
 * next one, as each may become the beginning of an address; digits wait for what follows them.
 *
 * @param {string} text
 */
function safeCut(text) {
	let at = text.length;
	while (at > 0 && text.length - at < longest) {
		const before = text[at - 1] ?? "";
		if (boundary.test(before)) return at;
		// A space ends an address, but not a number that is written in groups.
		if (before === " " && !/\d $/.test(text.slice(0, at))) return at;
		at--;
	}
	return text.length - at < longest ? 0 : at;
}

/**
 * Every text of a body; addresses of pictures (`data:`) are left alone.
 *
 * @param {JsonValue} value
 * @param {(text: string) => string} change
 * @returns {JsonValue}
 */
function inTexts(value, change) {
	if (typeof value === "string")
		return value.startsWith("data:") ? value : change(value);
	if (Array.isArray(value)) return value.map((entry) => inTexts(entry, change));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, entry]) => [
			key,
			// The model's name is no text.
			key === "model" ? entry : inTexts(entry, change),
		]),
	);
}

/**
 * Luhn's sum tells card numbers from other long numbers.
 *
 * @param {string} number
 */
function isCard(number) {
	const digits = number.replaceAll(/[ -]/g, "");
	let sum = 0;
	for (let place = 0; place < digits.length; place++) {
		const digit = Number(digits[digits.length - 1 - place]);
		const counted = place % 2 === 1 ? digit * 2 : digit;
		sum += counted > 9 ? counted - 9 : counted;
	}
	return sum % 10 === 0;
}
