import { Budget } from "../budget.ts";
import type { Expression } from "../grammar.ts";
import { Automaton } from "./automaton.ts";
import { automatonOfNode, parseRegex, type RegexOptions } from "./regex.ts";
import { RegexParser } from "./regex-parser.ts";
import type { RegexNode } from "./regex-syntax.ts";

/** Repetitions with larger bounds are left to the matcher, which counts them. */
const maxWrittenOut = 8;

/**
 * The language of `parseRegex` as a part of a grammar. Where the match begins at the text's beginning, large repetitions stay
 * repetitions, so `^(?:\w+ ){1,5000}` costs no states; other patterns become one automaton. To spell the texts in another way
 * (escaped inside a JSON string, say), map the automata of all `regular` parts.
 */
export function parseRegexExpression(
	source: string,
	{ anchored = false, budget = new Budget() }: RegexOptions = {},
): Expression {
	const node = new RegexParser(source).parse();
	const parts = node.type === "sequence" ? [...node.parts] : [node];
	let isBegun = anchored;
	let isEnded = anchored;
	for (; isAssertion(parts[0], "start"); parts.shift()) isBegun = true;
	for (; isAssertion(parts.at(-1), "end"); parts.pop()) isEnded = true;
	const body: RegexNode = { type: "sequence", parts };
	// What may begin anywhere would have to be followed from everywhere at once.
	if (!isBegun || hasAssertion(body))
		return {
			type: "regular",
			automaton: parseRegex(source, { anchored, budget }),
		};
	const expression = toExpression(body, budget);
	if (isEnded) return expression;
	const rest: Expression = { type: "regular", automaton: Automaton.any };
	return { type: "sequence", parts: [expression, rest] };
}

const isAssertion = (node: RegexNode | undefined, at: "start" | "end") =>
	node?.type === "assertion" && node.at === at;

function hasAssertion(node: RegexNode): boolean {
	switch (node.type) {
		case "set":
			return false;
		case "assertion":
			return true;
		case "repeat":
			return hasAssertion(node.part);
		case "sequence":
		case "choice":
			return node.parts.some(hasAssertion);
	}
}

function isCounted(node: RegexNode): boolean {
	switch (node.type) {
		case "set":
		case "assertion":
			return false;
		case "repeat":
			return (node.max ?? node.min) > maxWrittenOut || isCounted(node.part);
		case "sequence":
		case "choice":
			return node.parts.some(isCounted);
	}
}

function toExpression(node: RegexNode, budget: Budget): Expression {
	if (!isCounted(node))
		return { type: "regular", automaton: automatonOfNode(node, budget) };
	switch (node.type) {
		case "set":
		case "assertion":
			return { type: "regular", automaton: Automaton.empty };
		case "repeat": {
			const part = toExpression(node.part, budget);
			return { type: "repeat", part, min: node.min, max: node.max };
		}
		case "choice": {
			const parts = node.parts.map((part) => toExpression(part, budget));
			return { type: "choice", parts };
		}
		case "sequence": {
			const parts: Expression[] = [];
			let plain: RegexNode[] = [];
			const flush = () => {
				if (plain.length > 0)
					parts.push(toExpression({ type: "sequence", parts: plain }, budget));
				plain = [];
			};
			for (const part of node.parts)
				if (isCounted(part)) {
					flush();
					parts.push(toExpression(part, budget));
				} else plain.push(part);
			flush();
			return { type: "sequence", parts };
		}
	}
}
