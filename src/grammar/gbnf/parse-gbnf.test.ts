import { describe, expect, test } from "vitest";
import type { GrammarError } from "../grammar-error.ts";
import { compileGrammar } from "../matcher/compiled-grammar.ts";
import { GrammarMatcher } from "../matcher/grammar-matcher.ts";
import { TokenTrie } from "../matcher/token-trie.ts";
import { parseGbnf } from "./parse-gbnf.ts";

const trie = TokenTrie.of(257, (token) =>
	token < 256 ? Uint8Array.of(token) : null,
);

function accepts(grammar: string, text: string): boolean {
	const compiled = compileGrammar(parseGbnf(grammar));
	const matcher = new GrammarMatcher(compiled, trie, [256]);
	return matcher.acceptText(text) && matcher.canEnd;
}

function errorOf(grammar: string): GrammarError {
	try {
		parseGbnf(grammar);
	} catch (thrown) {
		return thrown as GrammarError;
	}
	throw new Error("it was accepted");
}

const arithmetic = `
# Sums, as in llama.cpp's examples.
root  ::= (expr "=" ws term "\\n")+
expr  ::= term ([-+*/] term)*
term  ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]+ ws
ws    ::= [ \\t\\n]*
`;

describe("a grammar in GBNF", () => {
	test.each([
		[arithmetic, "(a1 +2)*b= 3\n", true],
		[arithmetic, "a1 + = 3\n", false],
		['root ::= "a" | "b" "c"?', "bc", true],
		['root ::= "a" | "b" "c"?', "ac", false],
		['root ::= "a"{2,3} [b-d]{2}', "aaabd", true],
		['root ::= "a"{2,3} [b-d]{2}', "abd", false],
		['root ::= "a"{,2}', "", true],
		['root ::= "a"{2,}', "aaaaa", true],
		['root ::= [^"\\\\\\n]+', "any é 🦙 text", true],
		['root ::= [^"\\\\\\n]+', 'a"', false],
		["root ::= . .", "🦙\n", true],
		['root ::= "\\x41\\u00e9\\U0001F999\\t\\""', 'Aé🦙\t"', true],
		["root ::= [a-]", "-", true],
		["root ::= [\\]\\[]+", "[]", true],
		[
			"root ::= (\n  'a' |\n  some_rule\n)\nsome_rule ::=\n  'b'\n  | 'c'",
			"c",
			true,
		],
		['root ::= "" | "x"', "", true],
		['root ::= "a"*+', "aa", true],
		['root ::= root "x" | "x"', "xxx", true],
		["root ::= a\r\na ::= 'b' # the end", "b", true],
	])("%s: %j is a text of it: %s", (grammar, text, expected) => {
		expect(accepts(grammar, text)).toBe(expected);
	});

	test.each([
		['root ::= "a', "line 1, column 10", /not closed/],
		["root ::= a\nb ::= [a-", "line 2, column 10", /ends/],
		["root ::= (a", "line 1, column 10", /'\)' is missing/],
		["root ::= other", "line 1, column 10", /no rule 'other'/],
		["root ::= 'a'\nroot ::= 'b'", "line 2, column 1", /two rules/],
		["root ::= [z-a]", "line 1, column 11", /behind its end/],
		["root ::= 'a'{3,2}", "line 1, column 13", /behind its end/],
		["root ::= 'a'{x}", "line 1, column 13", /written/],
		["root ::= '\\q'", "line 1, column 11", /escape/],
		["root ::= '\\x4'", "line 1, column 11", /hexadecimal/],
		["root ::= )", "line 1, column 10", /'\)' stands/],
		["start: 'a'", "line 1, column 6", /Lark/],
		["root ::= <[12]>", "line 1, column 10", /token/],
		[`root ::= ${"(".repeat(300)}`, "line 1, column 210", /nested/],
	])("%s is refused at %s", (grammar, place, message) => {
		const error = errorOf(grammar);
		expect(error.message).toContain(place);
		expect(error.message).toMatch(message);
	});

	test("needs the rule it starts with", () => {
		expect(errorOf("a ::= 'b'").message).toMatch(/no rule 'root'/);
		expect(errorOf("").message).toMatch(/no rule 'root'/);
	});
});
