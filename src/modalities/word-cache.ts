import { z } from "zod";

const wholeWords = z.looseObject({
	normalizer: z.looseObject({ type: z.literal("BertNormalizer") }),
	pre_tokenizer: z.looseObject({ type: z.literal("BertPreTokenizer") }),
	model: z.looseObject({ type: z.literal("WordPiece") }),
	added_tokens: z
		.array(
			z.looseObject({
				content: z.string().regex(/^\S+$/),
				lstrip: z.literal(false).nullish(),
				rstrip: z.literal(false).nullish(),
			}),
		)
		.nullish(),
});

/** Whether what stands between two spaces becomes the same tokens wherever it stands: so with BERT's tokenizer, not with others. */
export function splitsAtSpaces(description: object): boolean {
	return wholeWords.safeParse(description).success;
}

type Tokenize = (text: string) => readonly number[];

/** A few megabytes of the words that texts are mostly made of. */
const maxWords = 20_000;
const longestWord = 32;

/**
 * Tokens of texts, by looking up their words: several times as fast as to normalise, split and match each text anew. For
 * tokenizers that split at spaces before all else.
 */
export function cacheWords(tokenize: Tokenize): Tokenize {
	const known = new Map<string, readonly number[]>();
	const tokensOf = (word: string): readonly number[] => {
		const found = known.get(word);
		if (found !== undefined) return found;
		const tokens = tokenize(word);
		if (word.length > longestWord) return tokens;
		// A text's common words are back at once.
		if (known.size >= maxWords) known.clear();
		known.set(word, tokens);
		return tokens;
	};
	return (text) => {
		const ids: number[] = [];
		for (const word of text.split(/[ \n\r\t]+/)) {
			if (word === "") continue;
			for (const id of tokensOf(word)) ids.push(id);
		}
		return ids;
	};
}
