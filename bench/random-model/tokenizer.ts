import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { commonWords } from "../../src/benchmark/words.ts";

/**
 * A byte-level BPE tokenizer in the manner of GPT-2: three special tokens, 256 byte tokens, then one token a merge. Merges are made
 * word by word, the most frequent words first, so that common English words become single tokens; made-up words fill the rest.
 */
export interface SyntheticTokenizer {
	tokens: string[];
	merges: string[];
	/** Ids below this are special or single-byte tokens. */
	firstMergedToken: number;
	/** Ids of text that has no special tokens; splits at spaces, which is close to what the pre-tokenizers do for plain text. */
	encode(text: string): number[];
}

export const specialTokens = [
	"<|endoftext|>",
	"<|im_start|>",
	"<|im_end|>",
] as const;
export const endOfTextToken = 0;
export const endOfTurnToken = 2;

/** GPT-2's printable stand-in for each byte. */
export function byteCharacters(): string[] {
	const isPrintable = (byte: number) =>
		(byte >= 0x21 && byte <= 0x7e) ||
		(byte >= 0xa1 && byte <= 0xac) ||
		(byte >= 0xae && byte <= 0xff);
	let replaced = 0;
	return Array.from({ length: 256 }, (_, byte) =>
		String.fromCodePoint(isPrintable(byte) ? byte : 256 + replaced++),
	);
}

const onsets =
	"b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w wh z".split(
		" ",
	);
const vowels = "a e i o u ai ea ee ie oa oo ou".split(" ");
const codas = [
	"",
	"",
	"",
	"b",
	"ck",
	"d",
	"g",
	"l",
	"ll",
	"m",
	"n",
	"nd",
	"ng",
	"nt",
	"p",
	"r",
	"rd",
	"s",
	"ss",
	"st",
	"t",
	"x",
];
const endings = [
	"",
	"",
	"s",
	"ed",
	"ing",
	"er",
	"ly",
	"ion",
	"able",
	"ness",
	"ment",
];
/** Letter groups that ordinary text is full of: words that are not in the list still fall into few tokens. */
const pieces =
	`th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra
  ce li ch ll be ma si om ur ing ion ent tion ment ness able ly est ous ive age ate ful ess ight ought`.split(
		/\s+/,
	);

export function buildTokenizer(
	vocabulary: number,
	seed: number,
): SyntheticTokenizer {
	const characters = byteCharacters();
	const tokens: string[] = [...specialTokens, ...characters];
	const firstMergedToken = tokens.length;
	if (vocabulary < firstMergedToken)
		throw new RangeError(
			`A vocabulary needs at least ${firstMergedToken} tokens`,
		);
	const ids = new Map(tokens.map((token, id) => [token, id]));
	const ranks = new Map<string, number>();
	const merges: string[] = [];

	const split = (word: string): string[] => {
		const symbols = Array.from(
			Buffer.from(word, "utf8"),
			(byte) => characters[byte] ?? "",
		);
		for (;;) {
			let bestRank = Number.POSITIVE_INFINITY;
			let bestAt = -1;
			for (let at = 0; at + 1 < symbols.length; at++) {
				const rank = ranks.get(`${symbols[at]} ${symbols[at + 1]}`);
				if (rank !== undefined && rank < bestRank) {
					bestRank = rank;
					bestAt = at;
				}
			}
			if (bestAt < 0) return symbols;
			symbols.splice(bestAt, 2, `${symbols[bestAt]}${symbols[bestAt + 1]}`);
		}
	};

	// New merges rank after all others, so a word that is one token stays one token.
	const learn = (word: string): void => {
		const symbols = split(word);
		while (symbols.length > 1 && tokens.length < vocabulary) {
			const merged = `${symbols[0]}${symbols[1]}`;
			const pair = `${symbols[0]} ${symbols[1]}`;
			if (ids.has(merged)) return; // another pair already makes this token; a second way would leave a token without an id
			ranks.set(pair, merges.length);
			merges.push(pair);
			ids.set(merged, tokens.length);
			tokens.push(merged);
			symbols.splice(0, 2, merged);
		}
	};

	for (const piece of pieces) learn(piece);
	for (const word of commonWords) learn(` ${word}`);
	for (const word of commonWords) {
		const capital = `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
		for (const form of [
			word,
			` ${capital}`,
			capital,
			` ${word}s`,
			` ${word}ed`,
			` ${word}ing`,
		])
			learn(form);
	}
	const random = createRandomSource(seed).nextUint32;
	const pick = (list: readonly string[]) => list[random() % list.length] ?? "";
	while (tokens.length < vocabulary) {
		let word = " ";
		for (let syllables = 1 + (random() % 3); syllables > 0; syllables--)
			word += pick(onsets) + pick(vowels) + pick(codas);
		learn(word + pick(endings));
	}

	const encode = (text: string): number[] =>
		(text.match(/ ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s/gu) ?? []).flatMap(
			(word) => split(word).map((token) => ids.get(token) ?? 0),
		);
	return { tokens, merges, firstMergedToken, encode };
}
