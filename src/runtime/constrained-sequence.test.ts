import { describe, expect, test } from "vitest";
import type { Expression } from "../grammar/grammar.ts";
import { compileGrammar } from "../grammar/matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../grammar/matcher/grammar-matcher.ts";
import { TokenTrie } from "../grammar/matcher/token-trie.ts";
import { parseRegex } from "../grammar/regular/regex.ts";
import { ConstrainedSequence } from "./constrained-sequence.ts";
import { TriggerTokens, TriggerWatch } from "./trigger-watch.ts";

const end = 0;
const words = [
	"",
	"<",
	"call",
	">",
	"<call>",
	"><",
	">{",
	"{",
	"}",
	"{}",
	"a",
	"b",
	"ab",
	"call>x",
];
const token = (word: string) => words.indexOf(word);
const bytesOf = (index: number) => new TextEncoder().encode(words[index]);
const trie = TokenTrie.of(words.length, bytesOf);

function sequence(pattern: string, triggers: readonly string[] | null = null) {
	const root: Expression = {
		type: "regular",
		automaton: parseRegex(pattern, { anchored: true }),
	};
	const compiled = compileGrammar({ rules: { root }, start: "root" });
	const fits = (rest: Uint8Array) =>
		new GrammarMatcher(compiled, trie, []).acceptBytes(rest);
	const tokens =
		triggers && new TriggerTokens(triggers, words.length, bytesOf, fits);
	return new ConstrainedSequence({
		compiled,
		trie,
		endTokens: new Set([end]),
		triggers: tokens && new TriggerWatch(tokens),
	});
}

function allowed(constrained: ConstrainedSequence, bansEnd = false): string[] {
	const logits = new Float32Array(words.length);
	constrained.mask(logits, bansEnd);
	return words.filter((_, index) => logits[index] === 0);
}

describe("a constrained sequence", () => {
	test("may say what the pattern says, and the end where it may end", () => {
		const one = sequence("a(ab)*");
		expect(allowed(one)).toEqual(["a"]);
		one.accept(token("a"));
		expect(allowed(one).sort()).toEqual(["", "a", "ab"]);
		expect(allowed(one, true).sort()).toEqual(["a", "ab"]);
	});

	test("is complete when nothing may follow, also where the end is banned", () => {
		const one = sequence("ab");
		expect(one.isComplete).toBe(false);
		one.accept(token("ab"));
		expect(one.isComplete).toBe(true);
		expect(allowed(one, true)).toEqual([""]);
	});

	test("refuses a token that is not allowed rather than go on with it", () => {
		expect(() => sequence("ab").accept(token("b"))).toThrow(/No token/);
	});

	test("knows how far a guess fits", () => {
		const one = sequence("a{3}b");
		expect(one.fittingTokens(Int32Array.of(10, 10, 10, 10))).toBe(3);
		expect(one.fittingTokens(Int32Array.of(11))).toBe(0);
		expect(allowed(one)).toContain("a");
	});
});

describe("a trigger", () => {
	test("switches the grammar on, in one token or in several, and off again at its end", () => {
		for (const opening of [["<call>"], ["<", "call", ">"]]) {
			const one = sequence("\\{\\}", ["<call>"]);
			for (let round = 0; round < 2; round++) {
				expect(allowed(one)).toContain("ab");
				for (const word of opening) one.accept(token(word));
				expect(allowed(one)).toEqual(["{", "{}"]);
				one.accept(token("{}"));
			}
			expect(one.isComplete).toBe(false);
			one.accept(end);
		}
	});

	test("takes what its token brings behind it for the grammar's, and bans tokens that bring something else", () => {
		const one = sequence("\\{\\}", ["<call>"]);
		expect(allowed(one)).toContain("><");
		for (const word of ["<", "call"]) one.accept(token(word));
		expect(allowed(one)).toContain(">{");
		expect(allowed(one)).not.toContain("><");
		one.accept(token(">{"));
		expect(allowed(one)).toEqual(["}"]);
	});
});
