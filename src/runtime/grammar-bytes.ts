import type { Expression, Grammar } from "../grammar/grammar.ts";

/** What an expression takes beside its parts, roughly. */
const expressionBytes = 100;

/** Roughly what a grammar takes in memory, and on its way to the engine process. */
export function grammarBytes({ rules }: Grammar): number {
	const automata = new Set<unknown>();
	const bytesOf = (expression: Expression): number => {
		switch (expression.type) {
			case "text":
				return expressionBytes + 2 * expression.text.length;
			case "list-edge":
				return expressionBytes;
			case "distinct":
			case "regular": {
				const { automaton } = expression;
				if (automata.has(automaton)) return expressionBytes;
				automata.add(automaton);
				const { classes, transitions, accepting } = automaton;
				return (
					expressionBytes +
					classes.byteLength +
					transitions.byteLength +
					accepting.byteLength
				);
			}
			case "rule":
				return expressionBytes;
			case "repeat":
				return expressionBytes + bytesOf(expression.part);
			case "sequence":
			case "choice":
				return expression.parts.reduce(
					(sum, part) => sum + bytesOf(part),
					expressionBytes,
				);
		}
	};
	return Object.values(rules).reduce((sum, rule) => sum + bytesOf(rule), 0);
}
