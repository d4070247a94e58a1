import { GalleyError } from "../../core/errors.ts";
import type { LanguageService } from "../../core/language-service.ts";

/** Words for the error, as OpenAI's has them. */
export type PromptNoun = "messages" | "prompt";

/**
 * Characters looked at for each token of the context before a text is given up on. Few tokens are longer, so a text cut
 * here that fills the context is too long in any case, and tokenizing never costs more than the context is worth.
 */
const charactersPerToken = 16;

export function tokenizePrompt(
	service: LanguageService,
	pieces: readonly string[],
	options: { addSpecial: boolean },
	noun: PromptNoun,
): Int32Array {
	const { maxModelLength } = service.model;
	const parts: Int32Array[] = [];
	let count = 0;
	for (const [index, piece] of pieces.entries()) {
		const tokenizing = {
			addSpecial: options.addSpecial && index === 0,
			parseSpecial: true,
		};
		const window = (maxModelLength - count + 1) * charactersPerToken;
		if (piece.length > window) {
			const head = service.tokenize(piece.slice(0, window), tokenizing);
			if (count + head.length > maxModelLength)
				throw promptTooLong(maxModelLength, count + head.length, true, noun);
		}
		const part = service.tokenize(piece, tokenizing);
		parts.push(part);
		count += part.length;
		if (count > maxModelLength)
			throw promptTooLong(
				maxModelLength,
				count,
				index + 1 < pieces.length,
				noun,
			);
	}
	return concatenate(parts);
}

/** Without a limit: who asks for the tokens of a text is told how many they are. */
export function tokenizeParts(
	service: LanguageService,
	pieces: readonly string[],
	addSpecial: boolean,
): Int32Array {
	return concatenate(
		pieces.map((piece, index) =>
			service.tokenize(piece, {
				addSpecial: addSpecial && index === 0,
				parseSpecial: true,
			}),
		),
	);
}

export function concatenate(parts: readonly Int32Array[]): Int32Array {
	const [first] = parts;
	if (parts.length === 1 && first !== undefined) return first;
	const tokens = new Int32Array(
		parts.reduce((count, part) => count + part.length, 0),
	);
	let offset = 0;
	for (const part of parts) {
		tokens.set(part, offset);
		offset += part.length;
	}
	return tokens;
}

/** A prompt must leave room for at least one token, and for `maxTokens` when they are asked for. */
export function checkContextLength(
	maxModelLength: number,
	promptTokens: number,
	maxTokens: number | null,
	noun: PromptNoun,
): void {
	if (promptTokens >= maxModelLength)
		throw promptTooLong(maxModelLength, promptTokens, false, noun);
	if (maxTokens === null || promptTokens + maxTokens <= maxModelLength) return;
	const message =
		`This model's maximum context length is ${maxModelLength} tokens. However, you requested ` +
		`${promptTokens + maxTokens} tokens (${promptTokens} in the ${noun}, ${maxTokens} in the completion). ` +
		`Please reduce the length of the ${noun} or completion.`;
	throw new GalleyError("context_length_exceeded", message, { param: noun });
}

function promptTooLong(
	maxModelLength: number,
	count: number,
	isMore: boolean,
	noun: PromptNoun,
): GalleyError {
	const counted = isMore ? `more than ${count}` : String(count);
	const message =
		`This model's maximum context length is ${maxModelLength} tokens. However, your ${noun} resulted in ${counted} ` +
		`tokens, which leaves no room for a completion. Please reduce the length of the ${noun}.`;
	return new GalleyError("context_length_exceeded", message, { param: noun });
}
