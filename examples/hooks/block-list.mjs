// Refuses requests that speak of what this service is not for, and ends answers that do.
//
//     gateway:
//       hooks:
//         - module: ./examples/hooks/block-list.mjs
//           options:
//             words: [project bluebird, salary]
//             message: Ask the people department about that.

/** @import { CreateHook, JsonValue, Refusal } from "../../src/gateway/hooks/gateway-hook.ts" */

/** @type {CreateHook} */
export function createHook({ words, message, status = 403 }) {
	if (!Array.isArray(words) || words.length === 0)
		throw new Error("'words' is a list of words or phrases.");
	const found = new RegExp(
		`(?<![\\p{L}\\p{N}])(?:${words.map(toPattern).join("|")})(?![\\p{L}\\p{N}])`,
		"iu",
	);
	/** Of a phrase that goes on in the next piece, so much may have been said. */
	const longest = Math.max(...words.map((word) => String(word).length)) * 2;
	/** @type {Refusal} */
	const refusal = {
		action: "refuse",
		status: Number(status),
		message: String(message ?? "This service does not speak about that."),
	};
	return {
		name: "block-list",
		onRequest: (body) =>
			textsOf(body).some((text) => found.test(text)) ? refusal : undefined,
		onResponse: (body) =>
			textsOf(body).some((text) => found.test(text)) ? refusal : undefined,
		onEvent({ data }, { state }) {
			const before = String(state.get("said") ?? "");
			const said = before + piecesOf(data).join("");
			state.set("said", said.slice(-longest));
			return found.test(said) ? refusal : undefined;
		},
	};
}

/** @param {unknown} word */
function toPattern(word) {
	return String(word)
		.trim()
		.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
		.replaceAll(/\s+/g, String.raw`\s+`);
}

/**
 * @param {JsonValue} value
 * @returns {string[]}
 */
function textsOf(value) {
	if (typeof value === "string")
		return value.startsWith("data:") ? [] : [value];
	if (typeof value !== "object" || value === null) return [];
	return Object.values(value).flatMap(textsOf);
}

/**
 * The pieces of text in an event of OpenAI's chat and text completions, of Responses, and of Anthropic's Messages.
 *
 * @param {any} event
 * @returns {string[]}
 */
function piecesOf(event) {
	if (typeof event !== "object" || event === null) return [];
	const { delta, choices = [] } = event;
	const pieces = [
		typeof delta === "string" ? delta : delta?.text,
		...choices.map(
			(/** @type {any} */ choice) => choice.delta?.content ?? choice.text,
		),
	];
	return pieces.filter((piece) => typeof piece === "string");
}
