import type { Budget } from "./budget.ts";
import type { Expression, Grammar } from "./grammar.ts";
import { Automaton } from "./regular/automaton.ts";
import { Nfa } from "./regular/nfa.ts";
import { parseRegex } from "./regular/regex.ts";

export const text = (value: string): Expression => ({
	type: "text",
	text: value,
});
export const rule = (name: string): Expression => ({ type: "rule", name });
export const regular = (automaton: Automaton): Expression => ({
	type: "regular",
	automaton,
});
export const sequence = (...parts: Expression[]): Expression => ({
	type: "sequence",
	parts,
});
export const choice = (...parts: Expression[]): Expression => ({
	type: "choice",
	parts,
});
export const repeat = (
	part: Expression,
	min: number,
	max: number | null,
): Expression => ({ type: "repeat", part, min, max });

/** Rules whose names start with "json" are these. */
export const space = rule("json-space");
export const comma = sequence(space, text(","), space);
export const colon = sequence(space, text(":"), space);

const character =
	'[^"\\\\\\x00-\\x1f\\x7f]|\\x7f|\\\\["\\\\/bfnrt]|\\\\u([0-9A-Ca-cE-Fe-f][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}|[Dd][89ABab][0-9A-Fa-f]{2}\\\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})';

/** JSON of any kind. Between two tokens: at most a line break and 16 spaces, so that no model can go on with blanks for ever. */
export function jsonRules(): Record<string, Expression> {
	const anchored = (source: string) =>
		regular(parseRegex(source, { anchored: true }));
	const member = sequence(rule("json-string"), colon, rule("json-value"));
	const listOf = (open: string, part: Expression, close: string) =>
		sequence(
			text(open),
			space,
			choice(
				text(""),
				sequence(part, repeat(sequence(comma, part), 0, null), space),
			),
			text(close),
		);
	return {
		"json-space": anchored("\\n? {0,16}"),
		"json-string": anchored(`"(${character})*"`),
		"json-character": anchored(character),
		"json-number": anchored("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+\\-]?\\d{1,2})?"),
		"json-object": listOf("{", member, "}"),
		"json-array": listOf("[", rule("json-value"), "]"),
		"json-value": choice(
			rule("json-object"),
			rule("json-array"),
			rule("json-string"),
			rule("json-number"),
			text("true"),
			text("false"),
			text("null"),
		),
	};
}

/** Any JSON object. */
export function jsonObjectGrammar(): Grammar {
	return { rules: jsonRules(), start: "json-object" };
}

/**
 * The texts of a language as they stand between the quotes of JSON strings: every character as itself, but for those that have
 * to be escaped.
 */
export function escapedTexts(texts: Automaton, budget: Budget): Automaton {
	const nfa = new Nfa(budget);
	const states = Array.from({ length: texts.stateCount }, () => nfa.addState());
	if (texts.isEmpty) return texts;
	nfa.addEmpty(nfa.start, states[texts.start] as number);
	for (let state = 1; state < texts.stateCount; state++) {
		const from = states[state] as number;
		if (texts.accepting[state] === 1) nfa.addEmpty(from, nfa.final);
		let runStart = 0;
		let runTo = 0;
		const endRun = (before: number) => {
			if (runTo !== 0)
				nfa.addBytes(from, runStart, before, states[runTo] as number);
			runTo = 0;
		};
		for (let byte = 0; byte < 256; byte++) {
			const to = texts.next(state, byte);
			const escaped = escapeOf(byte);
			if (escaped !== null || to !== runTo) {
				endRun(byte - 1);
				runStart = byte;
				if (escaped === null) runTo = to;
			}
			if (escaped !== null && to !== 0)
				addText(nfa, from, escaped, states[to] as number);
		}
		endRun(255);
	}
	return Automaton.ofNfa(nfa, budget);
}

function escapeOf(byte: number): string | null {
	if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) return null;
	return JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
}

function addText(nfa: Nfa, from: number, value: string, to: number): void {
	let at = from;
	for (let index = 0; index < value.length; index++) {
		const next = index === value.length - 1 ? to : nfa.addState();
		const byte = value.charCodeAt(index);
		nfa.addBytes(at, byte, byte, next);
		at = next;
	}
}
