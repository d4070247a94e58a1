import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Budget } from "../budget.ts";
import type { Expression, Grammar } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import { parseRegex } from "../regular/regex.ts";
import { parseRegexExpression } from "../regular/regex-expression.ts";
import { type CompiledGrammar, compileGrammar } from "./compiled-grammar.ts";
import { GrammarMatcher } from "./grammar-matcher.ts";
import { TokenTrie } from "./token-trie.ts";

const maxLength = 5;
const text = (word: string): Expression => ({ type: "text", text: word });
const rule = (name: string): Expression => ({ type: "rule", name });
const regular = (source: string): Expression => ({
	type: "regular",
	automaton: parseRegex(source, { anchored: true }),
});
const sequence = (...parts: Expression[]): Expression => ({
	type: "sequence",
	parts,
});
const choice = (...parts: Expression[]): Expression => ({
	type: "choice",
	parts,
});
const repeat = (
	part: Expression,
	min: number,
	max: number | null,
): Expression => ({ type: "repeat", part, min, max });

/** All words of up to `maxLength` letters that each rule derives, by enumeration until nothing is added. */
function wordsOf(grammar: Grammar): Set<string> {
	const known = new Map<string, Set<string>>();
	const joined = (left: Set<string>, right: Set<string>) =>
		new Set(
			[...left].flatMap((first) =>
				[...right]
					.map((second) => first + second)
					.filter((word) => word.length <= maxLength),
			),
		);
	const words = (expression: Expression): Set<string> => {
		switch (expression.type) {
			case "text":
				return new Set(
					expression.text.length <= maxLength ? [expression.text] : [],
				);
			case "distinct":
			case "list-edge":
				throw new TypeError("Not written here.");
			case "regular":
				return new Set(
					everyWord.filter((word) =>
						Automaton.from(expression.automaton).accepts(word),
					),
				);
			case "rule":
				return known.get(expression.name) ?? new Set();
			case "sequence":
				return expression.parts
					.map(words)
					.reduce(joined, new Set<string>([""]));
			case "choice":
				return new Set(expression.parts.flatMap((part) => [...words(part)]));
			case "repeat": {
				const item = words(expression.part);
				const found = new Set<string>();
				let round = new Set<string>([""]);
				// With a part that may be empty, rounds beyond the word length add nothing.
				const last = Math.min(
					expression.max ?? Number.POSITIVE_INFINITY,
					expression.min + maxLength + 1,
				);
				for (let count = 0; count <= last; count++) {
					if (count >= expression.min)
						for (const word of round) found.add(word);
					round = joined(round, item);
				}
				return found;
			}
		}
	};
	for (let isChanged = true; isChanged; ) {
		isChanged = false;
		for (const [name, expression] of Object.entries(grammar.rules)) {
			const found = words(expression);
			if (found.size !== (known.get(name)?.size ?? 0)) isChanged = true;
			known.set(name, found);
		}
	}
	return known.get(grammar.start) ?? new Set();
}

const letters = ["a", "b", "c"];
const everyWord = [""];
for (const word of everyWord)
	if (word.length < maxLength)
		everyWord.push(...letters.map((letter) => word + letter));

const bound = fc
	.tuple(fc.nat(3), fc.option(fc.nat(12), { freq: 3 }))
	.map(([min, more]) => ({ min, max: more === null ? null : min + more }));
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
	expression: fc.oneof(
		{ depthSize: "small", withCrossShrink: true },
		fc.constantFrom("a", "b", "ab", "cab", "").map(text),
		fc.constantFrom("[ab]", "a*", "b?c", "[^a]*", "(ab|c)+", ".").map(regular),
		fc.constantFrom("s", "t", "u").map(rule),
		fc
			.array(tie("expression"), { minLength: 1, maxLength: 3 })
			.map((parts) => sequence(...parts)),
		fc
			.array(tie("expression"), { minLength: 1, maxLength: 3 })
			.map((parts) => choice(...parts)),
		fc
			.tuple(tie("expression"), bound)
			.map(([part, { min, max }]) => repeat(part, min, max)),
	),
}));
const grammars = fc.record({
	rules: fc.record({ s: expression, t: expression, u: expression }),
	start: fc.constant("s"),
});
const vocabularies = fc
	.uniqueArray(
		fc.string({
			unit: fc.constantFrom(...letters, "x"),
			minLength: 2,
			maxLength: 4,
		}),
		{ maxLength: 25 },
	)
	.map((words) => [...letters, ...words, "é"]);

const end = 999;

function trieOf(words: readonly string[]): TokenTrie {
	return TokenTrie.of(1_000, (token) =>
		token === end ? null : Buffer.from(words[token] ?? ""),
	);
}

/** With nothing to spend no parts are joined, so that the small grammars of these tests do not become one automaton. */
const budgets = fc.constantFrom(0, 1_000_000);

function compiledOrNull(grammar: Grammar, maxOperations: number) {
	try {
		return compileGrammar(grammar, { budget: new Budget({ maxOperations }) });
	} catch (error) {
		if (error instanceof GrammarError && error.reason !== "too_large")
			return null;
		throw error;
	}
}

const tokensOf = (mask: Uint32Array) =>
	Array.from({ length: 1_000 }, (_, token) => token).filter(
		(token) => ((mask[token >> 5] ?? 0) >>> (token & 31)) & 1,
	);

describe("a matcher of random grammars", () => {
	test("accepts exactly the words that the grammar derives", () => {
		let compiledCount = 0;
		fc.assert(
			fc.property(grammars, budgets, (grammar, operations) => {
				const compiled = compiledOrNull(grammar, operations);
				if (compiled === null) return;
				compiledCount++;
				const words = wordsOf(grammar);
				const start = new GrammarMatcher(compiled, trieOf(letters), [end]);
				for (const word of everyWord) {
					const matcher = start.fork();
					const isAccepted = matcher.acceptText(word) && matcher.canEnd;
					expect([word, isAccepted]).toEqual([word, words.has(word)]);
				}
			}),
			{ numRuns: 300 },
		);
		expect(compiledCount).toBeGreaterThan(100);
	});

	test("allows exactly the tokens that it accepts, all that words need, and never ends up stuck", () => {
		fc.assert(
			fc.property(
				grammars,
				budgets,
				vocabularies,
				fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
				(grammar, operations, vocabulary, choices) => {
					const compiled = compiledOrNull(grammar, operations);
					if (compiled === null) return;
					try {
						follow(grammar, compiled, vocabulary, choices);
					} catch (error) {
						// Random grammars can be hopelessly ambiguous, and are then refused.
						if (
							!(error instanceof GrammarError && error.reason === "too_large")
						)
							throw error;
					}
				},
			),
			{ numRuns: 250 },
		);
	});
});

/** Walks at random, and compares what is allowed with what is accepted and with what the grammar's words need. */
function follow(
	grammar: Grammar,
	compiled: CompiledGrammar,
	vocabulary: readonly string[],
	choices: readonly number[],
): void {
	const words = [...wordsOf(grammar)];
	const matcher = new GrammarMatcher(compiled, trieOf(vocabulary), [end]);
	let written = "";
	for (const pick of choices) {
		const allowed = tokensOf(matcher.allowed());
		const accepted = vocabulary.flatMap((_, token) =>
			matcher.fork().accept(token) ? [token] : [],
		);
		if (matcher.fork().accept(end)) accepted.push(end);
		expect(allowed).toEqual(accepted);
		expect(allowed.includes(end)).toBe(matcher.canEnd);
		const needed = vocabulary.flatMap((piece, token) =>
			words.some((word) => word.startsWith(written + piece)) ? [token] : [],
		);
		expect(needed.filter((token) => !allowed.includes(token))).toEqual([]);
		expect(matcher.mustEnd).toBe(allowed.every((token) => token === end));
		const forced = matcher.forcedText();
		const viable = allowed.filter((token) => token !== end);
		for (const token of viable) {
			const piece = vocabulary[token] ?? "";
			expect(piece.startsWith(forced) || forced.startsWith(piece)).toBe(true);
		}
		const token = viable[pick % viable.length];
		if (token === undefined) break;
		expect(matcher.accept(token)).toBe(true);
		written += vocabulary[token] ?? "";
	}
}

describe("a matcher", () => {
	const words = ["a", "b", "(", ")", "((", "))", "()", "aaaa", '"', ",", "é"];
	const trie = trieOf(words);
	const matcherOf = (rules: Record<string, Expression>) =>
		new GrammarMatcher(compileGrammar({ rules, start: "s" }), trie, [end]);
	const allowedWords = (matcher: GrammarMatcher) =>
		tokensOf(matcher.allowed()).map((token) =>
			token === end ? "END" : words[token],
		);

	test("counts large repetitions instead of writing them out", () => {
		const matcher = matcherOf({
			s: sequence(text('"'), repeat(regular('[^"]'), 0, 5_000), text('"')),
		});
		expect(matcher.acceptText(`"${"x".repeat(4_995)}`)).toBe(true);
		expect(allowedWords(matcher)).toContain("aaaa");
		matcher.acceptText("xx");
		expect(allowedWords(matcher)).not.toContain("aaaa");
		expect(allowedWords(matcher)).toContain("é");
		matcher.acceptText("éxx");
		expect(allowedWords(matcher)).toEqual(['"']);
		matcher.acceptText('"');
		expect(matcher.mustEnd).toBe(true);
		expect(allowedWords(matcher)).toEqual(["END"]);
	});

	test("counts rounds whose length varies, with bounds on both sides", () => {
		const item = choice(
			text("a"),
			text("b"),
			sequence(text("("), rule("s"), text(")")),
		);
		const matcher = matcherOf({ s: repeat(item, 20, 30) });
		expect(matcher.acceptText(`${"ab".repeat(9)}a`)).toBe(true);
		expect(matcher.canEnd).toBe(false);
		expect(matcher.acceptText("a")).toBe(true);
		expect(matcher.canEnd).toBe(true);
		expect(matcher.acceptText("b".repeat(10))).toBe(true);
		expect(matcher.mustEnd).toBe(true);
	});

	test("nests as deep as a text can, keeps lists flat, and offers no level too many", () => {
		const nested = matcherOf({
			s: choice(text("a"), sequence(text("("), rule("s"), text(")"))),
		});
		expect(nested.acceptText("(".repeat(3_999))).toBe(true);
		expect(allowedWords(nested)).toContain("a");
		expect(nested.acceptText(`a${")".repeat(3_999)}`)).toBe(true);
		expect(nested.mustEnd).toBe(true);
		const list = matcherOf({
			s: choice(text(""), sequence(choice(text("a"), text("b")), rule("s"))),
		});
		expect(list.acceptText("ab".repeat(20_000))).toBe(true);
		expect(list.canEnd).toBe(true);
	});

	test("handles direct left recursion and names any other", () => {
		const sum = matcherOf({
			s: choice(sequence(rule("s"), text(","), rule("n")), rule("n")),
			n: regular("[ab]+"),
		});
		expect(sum.acceptText("a,bb,a")).toBe(true);
		expect(sum.canEnd).toBe(true);
		expect(() =>
			matcherOf({
				s: choice(sequence(rule("t"), text("a")), text("b")),
				t: choice(rule("s"), text("a")),
			}),
		).toThrow(/left-recursive: s -> t -> s/);
	});

	test("names rules that are not defined and languages that are empty", () => {
		expect(() => matcherOf({ s: rule("gone") })).toThrow(/"gone"/);
		expect(() => matcherOf({ s: rule("toString") })).toThrow(/"toString"/);
		expect(() => matcherOf({ s: sequence(text("a"), rule("s")) })).toThrow(
			/No text at all/,
		);
	});

	test("offers no alternative that could not be finished", () => {
		const matcher = matcherOf({
			s: choice(text("a"), sequence(text("b"), rule("endless"))),
			endless: sequence(text("a"), rule("endless")),
		});
		expect(allowedWords(matcher)).toEqual(["a"]);
	});

	test("tells what has to follow", () => {
		const matcher = matcherOf({
			s: sequence(text('{"né":'), choice(text("1"), text("2"))),
		});
		expect(matcher.forcedText()).toBe('{"né":');
		expect(matcher.acceptText('{"n')).toBe(true);
		expect(matcher.forcedText()).toBe('é":');
		expect(matcher.acceptText('é":')).toBe(true);
		expect(matcher.forcedText()).toBe("");
	});

	test("gives way to end tokens only at an end, and to nothing after it", () => {
		const matcher = matcherOf({ s: text("ab") });
		expect(matcher.accept(end)).toBe(false);
		expect(matcher.acceptText("ab")).toBe(true);
		expect(matcher.accept(end)).toBe(true);
		expect(matcher.accept(0)).toBe(false);
		expect(allowedWords(matcher)).toEqual(["END"]);
	});

	test("says so when the vocabulary cannot write what is needed", () => {
		expect(() => matcherOf({ s: text("xyz") }).allowed()).toThrow(GrammarError);
	});

	test("keeps its place when what was learned is forgotten", () => {
		const matcher = matcherOf({
			s: sequence(repeat(regular("[ab]"), 0, 50_000), text(")")),
		});
		const early = matcher.fork();
		expect(early.acceptText("a")).toBe(true);
		for (let round = 0; round < 30; round++) {
			expect(matcher.acceptText("ab".repeat(500))).toBe(true);
			matcher.allowed();
		}
		expect(allowedWords(early)).toEqual(["a", "b", ")", "aaaa"]);
		expect(early.acceptText("b)")).toBe(true);
		expect(early.mustEnd).toBe(true);
	});

	test("refuses grammars that are too ambiguous rather than hang", () => {
		const matcher = matcherOf({
			s: choice(sequence(text("a"), rule("s"), rule("s")), text(""), text("a")),
		});
		expect(() => {
			for (let count = 0; count < 4_000; count++) {
				if (!matcher.acceptText("a")) throw new Error("not accepted");
			}
		}).toThrow(/too ambiguous/);
	});
});

describe("a regular expression as a part of a grammar", () => {
	const words = ["a", "b", " "];
	const samples = [""];
	for (const sample of samples)
		if (sample.length < 6) samples.push(...words.map((word) => sample + word));

	samples.push(...[9, 12, 13].map((length) => "a".repeat(length)));

	test.each([
		"a{9,12}",
		"^b?a{9,12}",
		"^(?:b|a{3,12})$",
		"a{9,12}$",
		"^(?:a|b ){2,10}$",
		"(?:a+ ?){1,9}b",
		"(a{0,9} b{0,10}|ab)",
		"^a|b{0,9}$",
		"(?:a?b?){0,20}",
		"(?:a{2}){0,9}(?: |b{1,9})",
		"",
	])("%s matches what JavaScript's own matches", (source) => {
		for (const anchored of [true, false]) {
			const rules = { s: parseRegexExpression(source, { anchored }) };
			const compiled = compileGrammar({ rules, start: "s" });
			const start = new GrammarMatcher(compiled, trieOf(words), [end]);
			const own = new RegExp(anchored ? `^(?:${source})$` : source, "u");
			for (const sample of samples) {
				const matcher = start.fork();
				const isAccepted = matcher.acceptText(sample) && matcher.canEnd;
				expect([sample, isAccepted]).toEqual([sample, own.test(sample)]);
			}
		}
	});

	test("large repetitions cost no states", () => {
		const rules = { s: parseRegexExpression("^(?:[a-z]+ ){1,5000}.{3,9000}$") };
		expect(() => compileGrammar({ rules, start: "s" })).not.toThrow();
	});
});
