import type { CompiledGrammar } from "../../matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../../matcher/grammar-matcher.ts";
import { TokenTrie } from "../../matcher/token-trie.ts";

/** A vocabulary of the 256 bytes. */
export function byteTrie(): TokenTrie {
	return TokenTrie.of(256, (token) => Uint8Array.of(token));
}

const closing = [0x22, 0x7d, 0x5d, 0x65, 0x6c, 0x3a, 0x30, 0x31];

/** A text of the grammar, byte by byte; null when it did not come to an end. */
export function randomWalk(
	compiled: CompiledGrammar,
	trie: TokenTrie,
	random: () => number,
	{ patience = 60, maxBytes = 3_000 } = {},
): string | null {
	const matcher = new GrammarMatcher(compiled, trie, []);
	const bytes: number[] = [];
	while (bytes.length < maxBytes) {
		if (matcher.mustEnd) break;
		const isHurried = bytes.length > patience;
		if (matcher.canEnd && (isHurried || random() < 0.2)) break;
		const mask = matcher.allowed();
		const allowed: number[] = [];
		for (let byte = 0; byte < 256; byte++)
			if (((mask[byte >>> 5] as number) >>> (byte & 31)) & 1)
				allowed.push(byte);
		// Blanks and rare characters are less interesting than what ends a part.
		const ends = closing.filter((byte) => allowed.includes(byte));
		const plain = allowed.filter((byte) => byte > 0x20 && byte < 0x7f);
		const from =
			ends.length > 0 && (isHurried || random() < 0.35)
				? isHurried
					? ends.slice(0, random() < 0.8 ? 1 : ends.length)
					: ends
				: plain.length > 0 && random() < 0.8
					? plain
					: allowed;
		const byte = from[Math.floor(random() * from.length)] as number;
		if (!matcher.accept(byte)) throw new Error(`Byte ${byte} was allowed.`);
		bytes.push(byte);
	}
	if (!matcher.canEnd) return null;
	return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
		Uint8Array.from(bytes),
	);
}
