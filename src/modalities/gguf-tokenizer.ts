import type { TokenizerPort } from "./encoder-text.ts";

interface GgufVocabulary {
	readonly size: number;
	tokenize(
		text: string,
		options: { addSpecial: boolean; parseSpecial: boolean },
	): Int32Array;
}

/** The tokenizer inside a GGUF file. Texts are data: special tokens that are written in them stay text. */
export function toTokenizerPort(
	vocabulary: GgufVocabulary,
	pairSeparator: readonly number[],
): TokenizerPort {
	const tokenize = (text: string, addSpecial: boolean) => [
		...vocabulary.tokenize(text, { addSpecial, parseSpecial: false }),
	];
	return {
		vocabularySize: vocabulary.size,
		bare: (text) => tokenize(text, false),
		framed: (text) => tokenize(text, true),
		pair(first, second) {
			const bare = tokenize(second, false);
			const framed = tokenize(second, true);
			const start = framed.indexOf(bare[0] ?? -1);
			const head = [...tokenize(first, true), ...pairSeparator];
			const ids = [...head, ...framed.slice(start)];
			return { ids, typeIds: ids.map((_, index) => +(index >= head.length)) };
		},
	};
}
