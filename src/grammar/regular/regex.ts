import { Budget } from "../budget.ts";
import { Automaton } from "./automaton.ts";
import { endAssertion, Nfa, startAssertion } from "./nfa.ts";
import { RegexParser } from "./regex-parser.ts";
import type { RegexNode } from "./regex-syntax.ts";
import { addCodePoints, everyCodePoint } from "./utf8.ts";

export interface RegexOptions {
	/** The pattern has to match the whole text rather than some part of it. */
	anchored?: boolean;
	budget?: Budget;
}

/**
 * The texts in which a regular expression (ECMA-262, flag `u`) finds a match. Throws a GrammarError: `invalid` for what is no
 * pattern, `unsupported` for lookaround, backreferences and word boundaries, `too_large`.
 */
export function parseRegex(
	source: string,
	{ anchored = false, budget = new Budget() }: RegexOptions = {},
): Automaton {
	const node = new RegexParser(source).parse();
	if (anchored) return automatonOfNode(node, budget);
	const nfa = new Nfa(budget);
	const before = nfa.addState();
	nfa.addEmpty(nfa.start, before);
	addCodePoints(nfa, everyCodePoint, before, before);
	addNode(nfa, node, before, nfa.final);
	addCodePoints(nfa, everyCodePoint, nfa.final, nfa.final);
	nfa.universal = nfa.final;
	return Automaton.ofNfa(nfa, budget);
}

/** The texts that match as a whole. */
export function automatonOfNode(node: RegexNode, budget: Budget): Automaton {
	const nfa = new Nfa(budget);
	addNode(nfa, node, nfa.start, nfa.final);
	return Automaton.ofNfa(nfa, budget);
}

function addNode(nfa: Nfa, node: RegexNode, from: number, to: number): void {
	switch (node.type) {
		case "set":
			addCodePoints(nfa, node.ranges, from, to);
			return;
		case "assertion": {
			const edge = node.at === "start" ? startAssertion : endAssertion;
			nfa.addBytes(from, edge, edge, to);
			return;
		}
		case "choice":
			for (const part of node.parts) addNode(nfa, part, from, to);
			return;
		case "repeat":
			nfa.addRepeat(node.min, node.max, from, to, (begin, end) =>
				addNode(nfa, node.part, begin, end),
			);
			return;
		case "sequence": {
			let at = from;
			for (const part of node.parts) {
				const next = nfa.addState();
				addNode(nfa, part, at, next);
				at = next;
			}
			nfa.addEmpty(at, to);
		}
	}
}
