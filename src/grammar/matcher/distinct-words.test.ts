import fc from "fast-check";
import { expect, test } from "vitest";
import type { Expression } from "../grammar.ts";
import { choice, repeat, sequence, text } from "../json.ts";
import { parseRegex } from "../regular/regex.ts";
import { compileGrammar } from "./compiled-grammar.ts";
import { GrammarMatcher } from "./grammar-matcher.ts";
import { countWords } from "./list-words.ts";
import { TokenTrie } from "./token-trie.ts";

const end = 99;
const letters = ["a", "b", "[", "]", ",", ";"];

/** A list of distinct words of a language; `max` is no more than there are words. */
interface List {
	readonly source: string;
	readonly min: number;
	readonly max: number;
}

const lists = fc
	.tuple(
		fc.constantFrom("a|b|ab", "(a|b)b?", "[ab]+", "a+b?", "[ab]{1,2}", "aa?b*"),
		fc.nat(2),
		fc.integer({ min: 2, max: 6 }),
	)
	.map(([source, min, max]): List => {
		const words = parseRegex(source, { anchored: true });
		const count = countWords(words)[words.start] ?? 0;
		return { source, min, max: Math.min(max, count) };
	});

function listOf({ source, min, max }: List): Expression {
	const item: Expression = {
		type: "distinct",
		automaton: parseRegex(source, { anchored: true }),
	};
	const some = sequence(
		item,
		repeat(sequence(text(","), item), Math.max(0, min - 1), max - 1),
	);
	return sequence(
		text("["),
		{ type: "list-edge", isStart: true },
		min > 0 ? some : choice(text(""), some),
		text("]"),
		{ type: "list-edge", isStart: false },
	);
}

const wordsUpTo = (length: number): string[] => {
	const words = [""];
	for (const word of words)
		if (word.length < length) words.push(`${word}a`, `${word}b`);
	return words;
};
// Whatever stands already: of these, each language takes more than a list may hold.
const endings = wordsUpTo(5);

/** Whether a text is a list, or begins one. */
function isList(written: string, { source, min, max }: List, isWhole: boolean) {
	const language = new RegExp(`^(?:${source})$`);
	const isComplete = written.endsWith("]");
	if (isWhole !== isComplete || !written.startsWith("[")) return false;
	const inside = written.slice(1, isComplete ? -1 : undefined);
	const items = inside === "" ? [] : inside.split(",");
	const rest = isComplete ? "" : (items.pop() ?? "");
	if (inside === "" && isComplete) return min === 0;
	if (new Set(items).size < items.length) return false;
	if (items.some((item) => !language.test(item))) return false;
	if (isComplete) return items.length >= min && items.length <= max;
	return (
		items.length < max &&
		endings.some(
			(ending) =>
				language.test(rest + ending) && !items.includes(rest + ending),
		)
	);
}

test("a list is accepted exactly where its words are distinct, and what is allowed can always be finished", () => {
	const vocabularies = fc
		.uniqueArray(
			fc.string({
				unit: fc.constantFrom("a", "b", ",", ",", "[", "]", "];["),
				minLength: 2,
				maxLength: 5,
			}),
			{ maxLength: 40 },
		)
		.map((words) => [...new Set([...letters, ...words])]);
	const property = fc.property(
		fc.array(lists, { minLength: 1, maxLength: 2 }),
		vocabularies,
		fc.array(fc.nat(), { minLength: 18, maxLength: 18 }),
		(alternatives, vocabulary, picks) => {
			const one = choice(...alternatives.map(listOf));
			const grammar = {
				rules: { s: sequence(one, text(";"), one) },
				start: "s",
			};
			const trie = TokenTrie.of(100, (token) =>
				token === end ? null : Buffer.from(vocabulary[token] ?? ""),
			);
			let matcher = new GrammarMatcher(compileGrammar(grammar), trie, [end]);
			let written = "";
			const isViable = (all: string): boolean => {
				const [first = "", second, ...more] = all.split(";");
				const any = (own: string, isWhole: boolean) =>
					alternatives.some((list) => isList(own, list, isWhole));
				if (more.length > 0) return false;
				if (second === undefined) return any(first, true) || any(first, false);
				if (!any(first, true)) return false;
				return second === "" || any(second, true) || any(second, false);
			};
			for (const pick of picks) {
				if (/[ab]{7}/.test(written)) return;
				const mask = matcher.allowed();
				const viable: number[] = [];
				for (const [token, piece] of vocabulary.entries()) {
					const isAllowed =
						((mask[token >> 5] ?? 0) >>> (token & 31)) % 2 === 1;
					expect([written, piece, isAllowed]).toEqual([
						written,
						piece,
						isViable(written + piece),
					]);
					expect(matcher.fork().accept(token)).toBe(isAllowed);
					if (isAllowed) viable.push(token);
				}
				if (matcher.mustEnd) return;
				const token = viable[pick % viable.length] as number;
				// A fork knows the words of its list, and goes its own way.
				const fork = matcher.fork();
				expect(matcher.accept(token)).toBe(true);
				expect(fork.accept(viable[0] as number)).toBe(true);
				if (pick % 3 === 0) matcher = matcher.fork();
				written += vocabulary[token];
			}
		},
	);
	fc.assert(property, { numRuns: 400 });
});

test("words are counted", () => {
	const count = (source: string) => {
		const words = parseRegex(source, { anchored: true });
		return countWords(words)[words.start];
	};
	expect(count("a|b|ab")).toBe(3);
	expect(count("[a-z]{3}")).toBe(26 ** 3);
	expect(count("a(b|c)*d|x")).toBe(Number.POSITIVE_INFINITY);
	expect(count("[a-c]?[a-c]?")).toBe(13);
});
