import { setImmediate } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { Vocabulary } from "../engine/engine.ts";
import {
	buildTokenTrie,
	type TokenTrieData,
	VocabularyReader,
	type VocabularyTexts,
} from "../grammar/matcher/build-token-trie.ts";
import { TokenTrie } from "../grammar/matcher/token-trie.ts";
import { startThread } from "./start-thread.ts";

/** Read between two turns of the event loop: a millisecond or two, where each token is asked of the library. */
const tokensAtOnce = 1_024;

/** Smaller vocabularies are ready sooner than a thread has started. */
const leastForThread = 16_384;

export interface VocabularyTrieOptions {
	/** Everything that is done on this thread goes through here. */
	timed: <Result>(work: () => Result) => Result;
	startThread?: () => Worker;
}

export type TokenVocabulary = Pick<
	Vocabulary,
	"size" | "endOfGenerationTokens" | "tokenBytes"
>;

/** Whether its trie is made in no time. */
export const isSmallVocabulary = ({ size }: TokenVocabulary) =>
	size < leastForThread;

export function trieInPlace(vocabulary: TokenVocabulary): TokenTrie {
	return TokenTrie.of(vocabulary.size, textOf(vocabulary));
}

/** The trie of a vocabulary, without holding up the steps that are computed meanwhile. */
export async function vocabularyTrie(
	vocabulary: TokenVocabulary,
	{
		timed,
		startThread: start = () => startThread("token-trie-thread"),
	}: VocabularyTrieOptions,
): Promise<TokenTrie> {
	const thread = start();
	const reader = timed(
		() => new VocabularyReader(vocabulary.size, textOf(vocabulary)),
	);
	let texts: VocabularyTexts | null = null;
	for (;;) {
		texts = timed(() => reader.read(tokensAtOnce));
		if (texts !== null) break;
		await setImmediate();
	}
	const read = texts;
	const data = await answerOf(thread, read);
	// Without a thread (no memory for one, say) it is made here: late is better than never.
	return timed(() => TokenTrie.from(data ?? buildTokenTrie(read)));
}

/** Null when the thread ended without one. */
function answerOf(
	thread: Worker,
	texts: VocabularyTexts,
): Promise<TokenTrieData | null> {
	return new Promise((resolve) => {
		thread.once("message", (data: TokenTrieData) => {
			resolve(data);
			void thread.terminate();
		});
		thread.once("error", () => resolve(null));
		thread.once("exit", () => resolve(null));
		// Copied, not given away: the thread may fail.
		thread.postMessage(texts);
	});
}

function textOf(vocabulary: TokenVocabulary) {
	const { endOfGenerationTokens } = vocabulary;
	return (token: number) =>
		endOfGenerationTokens.has(token)
			? null
			: vocabulary.tokenBytes(token, false);
}
