import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Automaton } from "./automaton.ts";
import { parseRegex } from "./regex.ts";

const texts = fc.string({
	unit: fc.constantFrom("a", "b", "é", "字", "😀"),
	maxLength: 6,
});
const automata = fc
	.array(texts, { minLength: 0, maxLength: 4 })
	.chain((words) =>
		fc.constantFrom(
			Automaton.ofTexts(words),
			Automaton.ofTexts(words).repeat(0, null),
			Automaton.ofTexts(words).repeat(1, 3),
			Automaton.ofTexts(words).complement(),
		),
	);

describe("automata", () => {
	test("operations on languages are those on memberships", () => {
		fc.assert(
			fc.property(automata, automata, texts, (left, right, text) => {
				const inLeft = left.accepts(text);
				const inRight = right.accepts(text);
				expect(left.union(right).accepts(text)).toBe(inLeft || inRight);
				expect(left.intersect(right).accepts(text)).toBe(inLeft && inRight);
				expect(left.difference(right).accepts(text)).toBe(inLeft && !inRight);
				expect(left.complement().accepts(text)).toBe(!inLeft);
			}),
			{ numRuns: 150 },
		);
	});

	test("equal languages have equal automata", () => {
		fc.assert(
			fc.property(automata, automata, automata, (a, b, c) => {
				expect(a.union(b).equals(b.union(a))).toBe(true);
				expect(a.complement().complement().equals(a)).toBe(true);
				expect(
					a
						.union(b)
						.complement()
						.equals(a.complement().intersect(b.complement())),
				).toBe(true);
				expect(
					a.concat(b.union(c)).equals(a.concat(b).union(a.concat(c))),
				).toBe(true);
				expect(a.difference(a).isEmpty).toBe(true);
				expect(
					a.repeat(0, null).repeat(0, null).equals(a.repeat(0, null)),
				).toBe(true);
				expect(
					a
						.repeat(1, 3)
						.equals(a.union(a.concat(a)).union(a.concat(a).concat(a))),
				).toBe(true);
			}),
			{ numRuns: 60 },
		);
	});

	test("a concatenation is accepted exactly when the text splits", () => {
		fc.assert(
			fc.property(automata, automata, texts, (left, right, text) => {
				const characters = [...text];
				const splits = Array.from(
					{ length: characters.length + 1 },
					(_, at) =>
						left.accepts(characters.slice(0, at).join("")) &&
						right.accepts(characters.slice(at).join("")),
				);
				expect(left.concat(right).accepts(text)).toBe(splits.includes(true));
			}),
			{ numRuns: 150 },
		);
	});

	test("the example is a word of the language, and there is one unless it is empty", () => {
		fc.assert(
			fc.property(automata, (automaton) => {
				const example = automaton.example();
				if (example === null) expect(automaton.isEmpty).toBe(true);
				else expect(automaton.accepts(example)).toBe(true);
			}),
			{ numRuns: 100 },
		);
		expect(parseRegex("^[^x]{3}$").example()).toBe("aaa");
	});

	test("only well-formed UTF-8 is a text", () => {
		const run = (bytes: number[]) => {
			let state = Automaton.any.start;
			for (const byte of bytes) state = Automaton.any.next(state, byte);
			return Automaton.any.accepting[state] === 1;
		};
		expect(run([0xf0, 0x9f, 0x98, 0x80])).toBe(true);
		expect(run([0xf0, 0x9f, 0x98])).toBe(false);
		expect(run([0xed, 0xa0, 0x80])).toBe(false);
		expect(run([0xc0, 0x80])).toBe(false);
		expect(run([0xf4, 0x90, 0x80, 0x80])).toBe(false);
	});

	test("survives cloning", () => {
		const automaton = parseRegex("^(?:ab|c)+$");
		const copy = Automaton.from(structuredClone(automaton));
		expect(copy.equals(automaton)).toBe(true);
		expect(copy.accepts("abcab")).toBe(true);
	});
});
