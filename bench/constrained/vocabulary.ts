import { createRandomSource } from "../../src/benchmark/random-source.ts";
import { TokenTrie } from "../../src/grammar/matcher/token-trie.ts";
import { buildTokenizer, byteCharacters } from "../random-model/tokenizer.ts";

/** One character each; what code and data are written with. */
const punctuation = [...'"":,{}[]()=<>/\\.;-_+*#!?\'`&|@$%^~ \n\t'];
const scripts: readonly (readonly [first: number, count: number])[] = [
	[0xc0, 0x40],
	[0x3_91, 0x38],
	[0x4_10, 0x40],
	[0x30_41, 0x50],
	[0x4e_00, 3_000],
	[0x1_f6_00, 0x40],
];

/**
 * The token texts of a vocabulary shaped like those of current models: every byte, words with and without a space before them,
 * numbers of up to three digits, runs of white space, compounds of punctuation (about one token in twelve), words with
 * punctuation around them, characters of other scripts.
 */
export function buildVocabulary(size: number, seed: number): Buffer[] {
	const random = createRandomSource(seed).nextUint32;
	const pick = <Item>(items: readonly Item[]): Item =>
		items[random() % items.length] as Item;
	const characters = byteCharacters();
	const byteOf = new Map(
		characters.map((character, byte) => [character, byte]),
	);
	const words = buildTokenizer(Math.ceil(size * 0.8), seed)
		.tokens.slice(3 + 256)
		.map((token) =>
			Buffer.from([...token].map((character) => byteOf.get(character) ?? 0)),
		);
	const texts = new Set<string>();
	const add = (bytes: Buffer) => texts.add(bytes.toString("latin1"));
	for (let byte = 0; byte < 256; byte++) add(Buffer.of(byte));
	for (let digits = 1; digits <= 3; digits++)
		for (let number = 0; number < 10 ** digits; number++)
			add(Buffer.from(String(number).padStart(digits, "0")));
	for (let length = 2; length <= 64; length++)
		add(Buffer.from(" ".repeat(length)));
	for (const text of [
		'{"',
		'":',
		'": "',
		'", "',
		'"}',
		'"},{"',
		'": {"',
		'": ["',
		'"]',
		"},",
		"\n  ",
		'",\n',
	])
		add(Buffer.from(text));
	for (const [first, count] of scripts)
		for (let offset = 0; offset < count && texts.size < size / 8; offset++)
			add(Buffer.from(String.fromCodePoint(first + offset)));
	const compounds = texts.size + size / 12;
	while (texts.size < compounds) {
		let text = "";
		for (let length = 2 + (random() % 4); length > 0; length--)
			text += pick(punctuation);
		add(Buffer.from(text));
	}
	const mixed = texts.size + size / 40;
	while (texts.size < mixed)
		add(Buffer.concat([pick(words), Buffer.from(pick(punctuation))]));
	for (const word of words) if (texts.size < size) add(word);
	while (texts.size < size) add(Buffer.concat([pick(words), pick(words)]));
	return [...texts].map((text) => Buffer.from(text, "latin1"));
}

export function trieOf(vocabulary: readonly Buffer[]): TokenTrie {
	return TokenTrie.of(vocabulary.length, (token) => vocabulary[token] ?? null);
}

/** The longest token at each place. */
export function encodeGreedily(
	ids: ReadonlyMap<string, number>,
	text: string,
): number[] {
	const bytes = Buffer.from(text).toString("latin1");
	const tokens: number[] = [];
	for (let at = 0; at < bytes.length; ) {
		let length = Math.min(64, bytes.length - at);
		while (length > 1 && !ids.has(bytes.slice(at, at + length))) length--;
		tokens.push(ids.get(bytes.slice(at, at + length)) ?? 0);
		at += length;
	}
	return tokens;
}
