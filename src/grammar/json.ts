import type { Budget } from "./budget.ts";
import type { Expression, Grammar } from "./grammar.ts";
import { Automaton } from "./regular/automaton.ts";
import { ByteClasses } from "./regular/byte-classes.ts";
import { wordsAutomaton } from "./regular/direct.ts";
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
	if (texts.isEmpty) return texts;
	const escapes = Array.from({ length: 256 }, (_, byte) => escapeOf(byte));
	const written = escapes.flatMap((one) => one ?? []);
	const { classes, classCount, representatives } = ByteClasses.joint([
		texts,
		wordsAutomaton(written, budget),
		ByteClasses.ofRanges([0], [firstUnescaped - 1]),
	]);
	const accepting = [...texts.accepting];
	let transitions = new Uint32Array(2 * texts.stateCount * classCount);
	const addState = () => {
		budget.spend(classCount);
		const state = accepting.push(0) - 1;
		budget.checkStates(state);
		if (accepting.length * classCount > transitions.length) {
			const larger = new Uint32Array(2 * transitions.length);
			larger.set(transitions);
			transitions = larger;
		}
		return state;
	};
	for (let state = 1; state < texts.stateCount; state++) {
		for (let column = 0; column < classCount; column++) {
			const byte = representatives[column] as number;
			if (escapes[byte] === null)
				transitions[state * classCount + column] = texts.next(state, byte);
		}
		for (let byte = 0; byte < 256; byte++) {
			const parts = escapes[byte] ?? null;
			const to = parts === null ? 0 : texts.next(state, byte);
			if (parts === null || to === 0) continue;
			let at = state;
			for (let index = 0; index < parts.length; index++) {
				const column = classes[parts[index] as number] as number;
				const place = at * classCount + column;
				if (index === parts.length - 1) transitions[place] = to;
				else {
					at = transitions[place] as number;
					if (at !== 0) continue;
					at = addState();
					transitions[place] = at;
				}
			}
		}
	}
	return Automaton.ofStates(
		{
			...{ classes, classCount, start: texts.start },
			transitions: transitions.slice(0, accepting.length * classCount),
			accepting: Uint8Array.from(accepting),
		},
		budget,
	);
}

const firstUnescaped = 0x20;

function escapeOf(byte: number): Uint8Array | null {
	if (byte >= firstUnescaped && byte !== 0x22 && byte !== 0x5c) return null;
	return new TextEncoder().encode(
		JSON.stringify(String.fromCharCode(byte)).slice(1, -1),
	);
}
