import { Tokenizer } from "@huggingface/tokenizers";
import { GalleyError } from "../core/errors.ts";
import type { EncoderDirectory } from "./encoder-directory.ts";
import type { TokenizerPort } from "./encoder-text.ts";
import { cacheWords, splitsAtSpaces } from "./word-cache.ts";

/** The tokenizer of a folder's tokenizer.json. Cutting and filling that it may ask for are Galley's own business. */
export function openTokenizer({
	path,
	tokenizer: description,
	tokenizerConfig,
}: Pick<
	EncoderDirectory,
	"path" | "tokenizer" | "tokenizerConfig"
>): TokenizerPort {
	const tokenizer = create(path, description, tokenizerConfig);
	let vocabularySize = 0;
	for (const id of tokenizer.get_vocab(true).values())
		vocabularySize = Math.max(vocabularySize, id + 1);
	const bare = (text: string) =>
		tokenizer.encode(text, { add_special_tokens: false }).ids;
	return {
		vocabularySize,
		bare: splitsAtSpaces(description) ? cacheWords(bare) : bare,
		framed: (text) => tokenizer.encode(text).ids,
		pair(first, second) {
			const { ids, token_type_ids: typeIds } = tokenizer.encode(first, {
				text_pair: second,
				return_token_type_ids: true,
			});
			return { ids, typeIds };
		},
	};
}

function create(path: string, description: object, config: object): Tokenizer {
	try {
		return new Tokenizer(description, config);
	} catch (cause) {
		throw new GalleyError(
			"model_unusable",
			`The tokenizer.json of ${path} can't be used: ${cause instanceof Error ? cause.message : cause}.`,
			{ cause },
		);
	}
}
