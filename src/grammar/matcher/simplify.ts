import type { Budget } from "../budget.ts";
import type { Expression, Grammar } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import type { AutomatonData } from "../regular/automaton-data.ts";

/** Larger automata are left apart: their product with what stands beside them is rarely worth its states. */
const maxFusedStates = 64;
/** Bytes on which a state stays where it is that make it "wide": string contents and free text. */
const wideBytes = 17;
/** From here on a bounded repetition is counted rather than written out. */
const countedFrom = 9;

/**
 * Joins neighbouring small regular parts into one automaton: fewer stacks to follow, less ambiguity. Wide automata (string contents,
 * free text) stay apart, so that their token sets are the same wherever they stand.
 */
export class Simplifier {
	readonly #grammar: Grammar;
	readonly #budget: Budget;
	readonly #rules = new Map<string, Expression>();
	readonly #open = new Set<string>();
	#isSpent = false;

	constructor(grammar: Grammar, budget: Budget) {
		this.#grammar = grammar;
		this.#budget = budget;
	}

	rule(name: string): Expression {
		const known = this.#rules.get(name);
		if (known !== undefined) return known;
		if (!Object.hasOwn(this.#grammar.rules, name))
			throw new GrammarError(
				"invalid",
				`The grammar uses the rule ${JSON.stringify(name)}, which it does not define.`,
			);
		this.#open.add(name);
		const simple = this.#simplify(this.#grammar.rules[name] as Expression);
		this.#open.delete(name);
		this.#rules.set(name, simple);
		return simple;
	}

	#simplify(expression: Expression): Expression {
		switch (expression.type) {
			case "text":
			case "regular":
				return expression;
			case "rule": {
				if (this.#open.has(expression.name)) return expression;
				const rule = this.rule(expression.name);
				return rule.type === "text" || rule.type === "regular"
					? rule
					: expression;
			}
			case "sequence":
				return this.#sequence(expression.parts);
			case "choice":
				return this.#choice(expression.parts);
			case "repeat":
				return this.#repeat(expression);
		}
	}

	#sequence(parts: readonly Expression[]): Expression {
		const flat = parts
			.map((part) => this.#simplify(part))
			.flatMap((part) => (part.type === "sequence" ? part.parts : [part]));
		const joined: Expression[] = [];
		for (const part of flat) {
			const previous = joined.at(-1);
			const both = previous === undefined ? null : this.#concat(previous, part);
			if (both === null) joined.push(part);
			else joined[joined.length - 1] = both;
		}
		const [only] = joined;
		return joined.length === 1 && only !== undefined
			? only
			: { type: "sequence", parts: joined };
	}

	#concat(left: Expression, right: Expression): Expression | null {
		if (left.type === "text" && right.type === "text")
			return { type: "text", text: left.text + right.text };
		const first = this.#small(left);
		const second = this.#small(right);
		if (first === null || second === null) return null;
		return this.#attempt(() => first.concat(second, this.#budget));
	}

	#choice(parts: readonly Expression[]): Expression {
		const flat = parts
			.map((part) => this.#simplify(part))
			.flatMap((part) => (part.type === "choice" ? part.parts : [part]));
		const texts = flat.filter((part) => part.type === "text");
		const small = flat.flatMap((part) =>
			part.type === "text" ? [] : (this.#small(part) ?? []),
		);
		const others = flat.filter(
			(part) => part.type !== "text" && this.#small(part) === null,
		);
		if (texts.length + small.length < 2)
			return flat.length === 1 && flat[0] !== undefined
				? flat[0]
				: { type: "choice", parts: flat };
		const union = this.#attempt(() => {
			const words = Automaton.ofTexts(
				texts.map(({ text }) => text),
				this.#budget,
			);
			return Automaton.unionOf([words, ...small], this.#budget);
		});
		if (union === null) return { type: "choice", parts: flat };
		return others.length === 0
			? union
			: { type: "choice", parts: [union, ...others] };
	}

	#repeat({
		part,
		min,
		max,
	}: Extract<Expression, { type: "repeat" }>): Expression {
		const inner = this.#simplify(part);
		const kept: Expression = { type: "repeat", part: inner, min, max };
		if (max === 0) return { type: "text", text: "" };
		if (min === 1 && max === 1) return inner;
		const small = this.#small(inner);
		if (small === null) return kept;
		const bound = max ?? min;
		if (bound >= countedFrom || bound * small.stateCount > 4 * maxFusedStates)
			return kept;
		return this.#attempt(() => small.repeat(min, max, this.#budget)) ?? kept;
	}

	/** The expression as an automaton that may be joined with others. */
	#small(expression: Expression): Automaton | null {
		if (expression.type === "text")
			return expression.text.length > maxFusedStates
				? null
				: Automaton.ofText(expression.text);
		if (expression.type !== "regular") return null;
		const { automaton } = expression;
		if (automaton.accepting.length > maxFusedStates || isWide(automaton))
			return null;
		return Automaton.from(automaton);
	}

	/** Joining is an improvement, not a need: when the budget for it is spent, parts stay as they are. */
	#attempt(join: () => Automaton): Expression | null {
		if (this.#isSpent) return null;
		try {
			return { type: "regular", automaton: join() };
		} catch (error) {
			if (!(error instanceof GrammarError)) throw error;
			this.#isSpent = true;
			return null;
		}
	}
}

function isWide(automaton: AutomatonData): boolean {
	const { classes, classCount, transitions, accepting } = automaton;
	for (let state = 1; state < accepting.length; state++) {
		let stays = 0;
		for (const column of classes)
			if (transitions[state * classCount + column] === state) stays++;
		if (stays >= wideBytes) return true;
	}
	return false;
}
