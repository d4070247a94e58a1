import { parentPort } from "node:worker_threads";
import {
	buildTokenTrie,
	type VocabularyTexts,
} from "../grammar/matcher/build-token-trie.ts";

/** Entry of the thread that builds one trie, and ends. */

parentPort?.once("message", (texts: VocabularyTexts) => {
	const trie = buildTokenTrie(texts);
	const { bytes, firstByte, byte, depth, skip, firstToken, tokens } = trie;
	const arrays = [bytes, firstByte, byte, depth, skip, firstToken, tokens];
	parentPort?.postMessage(
		trie,
		arrays.map(({ buffer }) => buffer),
	);
});
