import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrammarError } from "../grammar-error.ts";
import { parseRegex } from "./regex.ts";

const atoms = fc.constantFrom(
	..."a b é 😀 . \\d \\w \\s \\S [ab] [^a] [a-cé-ü] \\u{1F600} [\\d-] \\n \\x62".split(
		" ",
	),
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
	pattern: fc.oneof(
		{ depthSize: "small", withCrossShrink: true },
		atoms,
		fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
		fc
			.tuple(tie("pattern"), tie("pattern"))
			.map(([left, right]) => `(?:${left}|${right})`),
		fc
			.tuple(
				tie("pattern"),
				fc.constantFrom(
					"*",
					"+",
					"?",
					"{2}",
					"{1,3}",
					"{0,2}",
					"{2,}",
					"*?",
					"{1,2}?",
				),
			)
			.map(([part, quantifier]) => `(${part})${quantifier}`),
		tie("pattern").map((part) => `(?:^${part})`),
		tie("pattern").map((part) => `(?<name>${part})$`.replace("?<name>", "?:")),
		tie("pattern").map((part) => `(?:${part}|)`),
	),
}));
const texts = fc.string({
	unit: fc.constantFrom("a", "b", "c", "1", "-", " ", "\n", "é", "ü", "😀"),
	maxLength: 7,
});

describe("regular expressions", () => {
	test("match what JavaScript's own match", () => {
		fc.assert(
			fc.property(
				pattern,
				fc.array(texts, { maxLength: 12 }),
				(source, samples) => {
					const searched = parseRegex(source);
					const whole = parseRegex(source, { anchored: true });
					const search = new RegExp(source, "u");
					const full = new RegExp(`^(?:${source})$`, "u");
					for (const text of samples) {
						expect([source, text, searched.accepts(text)]).toEqual([
							source,
							text,
							search.test(text),
						]);
						expect([source, text, whole.accepts(text)]).toEqual([
							source,
							text,
							full.test(text),
						]);
					}
				},
			),
			{ numRuns: 300 },
		);
	});

	test.each([
		["^\\d{3}-\\d{4}$", ["555-0199"], ["555-01999", "x555-0199"]],
		["^\\p{L}+$", ["Straße", "字"], ["a1", ""]],
		["\\p{Script=Greek}", ["xαy"], ["xyz"]],
		["^\\P{Lu}$", ["a"], ["A"]],
		["^[\\w.+-]+@[\\w-]+\\.[a-z]{2,}$", ["a.b+c@d-e.org"], ["a@b"]],
		["^a{,2}$", ["a{,2}"], ["aa"]],
		["^(?P<year>\\d{4})\\Z", ["2024"], ["2024\n"]],
		["^\\/\\@\\-\\_$", ["/@-_"], ["/"]],
		["^\\ud83d\\ude00$", ["😀"], ["x"]],
		["^[\\b\\cJ\\0]$", ["\b", "\n", "\0"], ["b"]],
		["a$|^b", ["xa", "bx", "a"], ["xax", "xb"]],
		["^$", [""], ["a"]],
		["$^", [""], ["a"]],
		["", ["", "anything"], []],
		["[]", [], ["", "a"]],
		["^[^]$", ["\n", "a"], [""]],
	])("%s", (source, matching, others) => {
		const automaton = parseRegex(source);
		for (const text of matching)
			expect([text, automaton.accepts(text)]).toEqual([text, true]);
		for (const text of others)
			expect([text, automaton.accepts(text)]).toEqual([text, false]);
	});

	test.each([
		["a(?=b)", "unsupported", "a lookahead (?=...) at position 1"],
		["(?!b)", "unsupported", "negative lookahead"],
		["(?<=b)", "unsupported", "lookbehind"],
		["\\bword", "unsupported", "a word boundary \\b at position 0"],
		["(a)\\1", "unsupported", "a backreference at position 3"],
		["(?i:a)", "unsupported", "this kind of group at position 0"],
		["(a", "invalid", "a parenthesis is not closed, at position 0"],
		["a)", "invalid", "closes that was not opened, at position 1"],
		["[a", "invalid", "class is not closed"],
		["[b-a]", "invalid", "out of order"],
		["a**", "invalid", "nothing to repeat"],
		["+a", "invalid", "nothing to repeat"],
		["a{3,2}", "invalid", "out of order"],
		["\\p{Nonsense}", "invalid", "no such Unicode property"],
		["\\q", "invalid", "not an escape"],
		["a\\", "invalid", "a backslash ends the pattern"],
	])("%s is refused by name", (source, reason, message) => {
		const refusal = refusalOf(source);
		expect(refusal?.reason).toBe(reason);
		expect(refusal?.message).toContain(message);
	});

	test.each([
		"(a{1,1000}){1,1000}",
		"^(?:a|b)*a(?:a|b){40}$",
		"^((((x{1,100}){1,100}){1,100}){1,100})$",
		"^(?:.*a.{30}|.*b.{30})$",
		"(?:\\p{L}{1,500}\\d{1,500}){5}",
	])("%.40s ends in a refusal rather than in a long wait", (source) => {
		expect(refusalOf(source)).toBeInstanceOf(GrammarError);
	});

	test("nesting is bounded", () => {
		const depth = 20_000;
		expect(
			refusalOf(`${"(".repeat(depth)}a${")".repeat(depth)}`)?.message,
		).toContain("nesting deeper than 500");
	});
});

function refusalOf(source: string): GrammarError | null {
	try {
		parseRegex(source);
		return null;
	} catch (error) {
		if (error instanceof GrammarError) return error;
		throw error;
	}
}
