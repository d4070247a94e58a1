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
	/** The same parts (commas, say) stand in many places, as the same objects. */
	readonly #simple = new Map<Expression, Expression>();
	readonly #sizes = new Map<AutomatonData, number | null>();
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
			case "distinct":
			case "list-edge":
				return expression;
			case "rule": {
				if (this.#open.has(expression.name)) return expression;
				const rule = this.rule(expression.name);
				return rule.type === "text" || rule.type === "regular"
					? rule
					: expression;
			}
			case "sequence":
			case "choice":
			case "repeat":
				return this.#composite(expression);
		}
	}

	#composite(
		expression: Extract<Expression, { type: "sequence" | "choice" | "repeat" }>,
	): Expression {
		const known = this.#simple.get(expression);
		if (known !== undefined) return known;
		const simple =
			expression.type === "sequence"
				? this.#sequence(expression.parts)
				: expression.type === "choice"
					? this.#choice(expression.parts)
					: this.#repeat(expression);
		this.#simple.set(expression, simple);
		return simple;
	}

	#sequence(parts: readonly Expression[]): Expression {
		const flat = parts
			.map((part) => this.#simplify(part))
			.flatMap((part) => (part.type === "sequence" ? part.parts : [part]));
		const joined: Expression[] = [];
		/** What is to be one automaton, and how many states that has at least. */
		let run: Expression[] = [];
		let states = 0;
		const endRun = () => {
			joined.push(...this.#concat(run));
			run = [];
			states = 0;
		};
		for (const part of flat) {
			const size = this.#smallSize(part);
			if (size === null || states > maxFusedStates) endRun();
			if (size === null) joined.push(part);
			else {
				run.push(part);
				states += size;
			}
		}
		endRun();
		const [only] = joined;
		return joined.length === 1 && only !== undefined
			? only
			: { type: "sequence", parts: joined };
	}

	#concat(run: readonly Expression[]): readonly Expression[] {
		if (run.length < 2) return run;
		const texts = run.flatMap((part) =>
			part.type === "text" ? [part.text] : [],
		);
		if (texts.length === run.length)
			return [{ type: "text", text: texts.join("") }];
		const joined = this.#attempt(() =>
			Automaton.concatOf(
				run.flatMap((part) => this.#small(part) ?? []),
				this.#budget,
			),
		);
		return joined === null ? run : [joined];
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
			(part) => part.type !== "text" && this.#smallSize(part) === null,
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
		if (this.#smallSize(expression) === null) return null;
		if (expression.type === "text") return Automaton.ofText(expression.text);
		return expression.type === "regular"
			? Automaton.from(expression.automaton)
			: null;
	}

	/** How many states it has; null when it stays apart. */
	#smallSize(expression: Expression): number | null {
		if (expression.type === "text")
			return expression.text.length > maxFusedStates
				? null
				: expression.text.length;
		if (expression.type !== "regular") return null;
		const { automaton } = expression;
		const known = this.#sizes.get(automaton);
		if (known !== undefined) return known;
		const states = automaton.accepting.length;
		const size = states > maxFusedStates || isWide(automaton) ? null : states;
		this.#sizes.set(automaton, size);
		return size;
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
	const sizes = new Uint16Array(classCount);
	for (const column of classes) sizes[column] = (sizes[column] as number) + 1;
	for (let state = 1; state < accepting.length; state++) {
		let stays = 0;
		for (let column = 0; column < classCount; column++)
			if (transitions[state * classCount + column] === state)
				stays += sizes[column] as number;
		if (stays >= wideBytes) return true;
	}
	return false;
}
