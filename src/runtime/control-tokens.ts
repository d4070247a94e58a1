import type { ModelVocabulary } from "../engine/engine.ts";

/** Control tokens are those whose text is hidden from users. */
export function controlTokenTexts(vocabulary: ModelVocabulary): string[] {
	const decoder = new TextDecoder();
	const texts: string[] = [];
	for (let token = 0; token < vocabulary.size; token++) {
		if (vocabulary.tokenBytes(token, false).length > 0) continue;
		const bytes = vocabulary.tokenBytes(token, true);
		if (bytes.length > 0) texts.push(decoder.decode(bytes));
	}
	return texts;
}
