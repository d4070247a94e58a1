import type { RandomSource } from "./random-source.ts";
import { commonWords } from "./words.ts";

/** How this server's tokenizer and template turn words into tokens. */
export interface PromptCalibration {
	/** Words to draw from. */
	words: readonly string[];
	tokensPerWord: number;
	/** Tokens around the words: chat template and the opening word. */
	overheadTokens: number;
}

/** Every random prompt starts with it, so that all following words have a space before them. */
export const openingWord = "Text:";

export const plainCalibration: PromptCalibration = {
	words: commonWords,
	tokensPerWord: 1,
	overheadTokens: 0,
};

export interface PromptShape {
	/** Own tokens of a prompt. */
	inputTokens: number;
	prefixTokens: number;
	prefixes: number;
	lengthSpread: number;
}

/** Text of `words` random words after the opening word. */
export function randomText(
	words: number,
	vocabulary: readonly string[],
	random: RandomSource,
): string {
	const parts = [openingWord];
	for (let index = 0; index < words; index++)
		parts.push(vocabulary[random.between(0, vocabulary.length - 1)] ?? "");
	return parts.join(" ");
}

/** Prompts of a shape, one after the other, without end. Shared prefixes are taken in turn. */
export function createPromptSource(
	shape: PromptShape,
	calibration: PromptCalibration,
	random: RandomSource,
): () => string {
	const { words, tokensPerWord, overheadTokens } = calibration;
	const toWords = (tokens: number) =>
		Math.max(0, Math.round(tokens / tokensPerWord));
	const prefixes = Array.from({ length: shape.prefixes }, () =>
		randomText(toWords(shape.prefixTokens), words, random),
	);
	let count = 0;
	return () => {
		const prefix = prefixes[count++ % prefixes.length] ?? openingWord;
		const ownTokens =
			drawLength(shape.inputTokens, shape.lengthSpread, random) -
			overheadTokens;
		// At least one own word: two prompts of a shared prefix are not the same prompt.
		const own = Math.max(1, toWords(ownTokens));
		let text = prefix;
		for (let index = 0; index < own; index++)
			text += ` ${words[random.between(0, words.length - 1)]}`;
		return text;
	};
}

/** Evenly from length x (1 - spread) to length x (1 + spread), at least 1. */
export function drawLength(
	length: number,
	spread: number,
	random: RandomSource,
): number {
	if (spread === 0) return length;
	return Math.max(
		1,
		random.between(
			Math.floor(length * (1 - spread)),
			Math.ceil(length * (1 + spread)),
		),
	);
}
