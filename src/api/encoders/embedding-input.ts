import { GalleyError } from "../../core/errors.ts";
import { isTokenId, tokenIdMessage } from "../generation/sequence-of.ts";
import { checkInputCount } from "./encoder-model.ts";

interface InputLimits {
	maxInputs: number;
	vocabularySize: number;
}

/** For the schema; what is wrong with an input is said by `toEmbeddingInputs`, once a request may hold millions of ids. */
export const embeddingInputSchema = {
	anyOf: [
		{ type: "string", minLength: 1 },
		{ type: "array", minItems: 1, items: { type: "string", minLength: 1 } },
		{ type: "array", minItems: 1, items: { type: "integer", minimum: 0 } },
		{
			type: "array",
			minItems: 1,
			items: {
				type: "array",
				minItems: 1,
				items: { type: "integer", minimum: 0 },
			},
		},
	],
	description:
		"A text, texts, the token ids of a text, or those of several texts.",
} as const;

const allowed =
	"a text, an array of texts, an array of token ids, or an array of such arrays";

export const inputRequired = `'input' is required: send ${allowed}.`;

/** OpenAI's four forms of `input`, as texts and token ids. Token ids that stand alone are one input. */
export function toEmbeddingInputs(
	input: unknown,
	limits: InputLimits,
): readonly (string | Int32Array)[] {
	if (typeof input === "string") return [checkText(input, "input")];
	if (!Array.isArray(input))
		throw fault(`'input' must be ${allowed}.`, "input");
	const [first] = input as unknown[];
	if (first === undefined)
		throw fault("'input' is an empty array: send at least one text.", "input");
	if (typeof first === "number") return [toTokenIds(input, "input", limits)];
	checkInputCount(input.length, limits.maxInputs, "input");
	const hasTokens = Array.isArray(first);
	return input.map((item: unknown, index) => {
		const param = `input[${index}]`;
		if (hasTokens) {
			if (Array.isArray(item)) return toTokenIds(item, param, limits);
		} else if (typeof item === "string") {
			return checkText(item, param);
		}
		const wanted = hasTokens ? "an array of token ids" : "a string";
		const message =
			index === 0
				? `'${param}' must be a string or an array of token ids.`
				: `'${param}' must be ${wanted}, as 'input[0]' is.`;
		throw fault(message, param);
	});
}

function checkText(text: string, param: string): string {
	if (text !== "") return text;
	throw fault(`'${param}' is empty: send at least one character.`, param);
}

function toTokenIds(
	ids: readonly unknown[],
	param: string,
	{ vocabularySize }: InputLimits,
): Int32Array {
	if (ids.length === 0)
		throw fault(`'${param}' is empty: send at least one token id.`, param);
	const tokens = new Int32Array(ids.length);
	for (let index = 0; index < ids.length; index++) {
		const id = ids[index];
		if (!isTokenId(id)) {
			const at = `${param}[${index}]`;
			throw fault(`'${at}' is no token id. ${tokenIdMessage}`, at);
		}
		if (id >= vocabularySize) {
			const at = `${param}[${index}]`;
			const message = `'${at}': this model has no token ${id}; its ids go from 0 to ${vocabularySize - 1}.`;
			throw fault(message, at);
		}
		tokens[index] = id;
	}
	return tokens;
}

function fault(message: string, param: string): GalleyError {
	return new GalleyError("invalid_request", message, { param });
}
