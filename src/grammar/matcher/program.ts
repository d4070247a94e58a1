import type { Expression } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import type { AutomatonData } from "../regular/automaton-data.ts";
import type { RuleFacts } from "./rule-facts.ts";

/** Where a text stands in a grammar; `next` and the like are numbers of positions. */
export type Position =
	/** Nothing is left of this rule, or of this round of a loop. */
	| { readonly kind: "end" }
	| {
			readonly kind: "terminal";
			readonly automaton: AutomatonData;
			readonly next: number;
	  }
	/** From `min` to `max` words of an automaton in which no word continues another one. */
	| {
			readonly kind: "counted";
			readonly automaton: AutomatonData;
			readonly min: number;
			readonly max: number;
			readonly next: number;
	  }
	/** A word that is not yet in the list. */
	| {
			readonly kind: "distinct";
			readonly automaton: AutomatonData;
			readonly next: number;
	  }
	| {
			readonly kind: "list-edge";
			readonly isStart: boolean;
			readonly next: number;
	  }
	| { readonly kind: "call"; readonly rule: string; readonly next: number }
	| { readonly kind: "fork"; readonly targets: readonly number[] }
	| {
			readonly kind: "loop";
			readonly body: number;
			readonly min: number;
			readonly max: number;
			readonly next: number;
	  };

export interface Program {
	readonly positions: readonly Position[];
	/** The first position of each rule. */
	readonly entries: ReadonlyMap<string, number>;
	readonly start: number;
	/** Whether there are lists whose words are distinct. */
	readonly hasLists: boolean;
}

export const endPosition = 0;
const maxPositions = 200_000;

/** Rules as positions. Alternatives that derive no text are left out, so every position leads on to an end. */
export class ProgramWriter {
	readonly #positions: Position[] = [{ kind: "end" }];
	readonly #facts: RuleFacts;
	readonly #texts = new Map<string, AutomatonData>();

	constructor(facts: RuleFacts) {
		this.#facts = facts;
	}

	write(start: string): Program {
		const entries = new Map<string, number>();
		for (const [name, expression] of this.#facts.rules)
			if (this.#facts.isProductive(expression))
				entries.set(name, this.#write(expression, endPosition));
		const entry = entries.get(start);
		if (entry === undefined)
			throw new GrammarError(
				"impossible",
				"No text at all can satisfy the constraint.",
			);
		return {
			...{ positions: this.#positions, entries, start: entry },
			hasLists: this.#positions.some(({ kind }) => kind === "distinct"),
		};
	}

	#add(position: Position): number {
		if (this.#positions.length >= maxPositions)
			throw new GrammarError(
				"too_large",
				`The grammar has more than ${maxPositions} parts; make it smaller.`,
			);
		return this.#positions.push(position) - 1;
	}

	#write(expression: Expression, next: number): number {
		switch (expression.type) {
			case "text":
				if (expression.text === "") return next;
				return this.#add({
					kind: "terminal",
					automaton: this.#textAutomaton(expression.text),
					next,
				});
			case "regular":
				return this.#add({
					kind: "terminal",
					automaton: expression.automaton,
					next,
				});
			case "distinct": {
				const { automaton } = expression;
				// In its first state a word has not begun: that is how the matcher tells.
				if (
					automaton.accepting[automaton.start] === 1 ||
					automaton.transitions.includes(automaton.start)
				)
					throw new TypeError(
						"Distinct words must not be empty, nor come back to where they begin.",
					);
				return this.#add({ kind: "distinct", automaton, next });
			}
			case "list-edge":
				return this.#add({
					kind: "list-edge",
					isStart: expression.isStart,
					next,
				});
			case "rule":
				return this.#add({ kind: "call", rule: expression.name, next });
			case "sequence":
				return expression.parts.reduceRight(
					(after, part) => this.#write(part, after),
					next,
				);
			case "choice": {
				const targets = expression.parts
					.filter((part) => this.#facts.isProductive(part))
					.map((part) => this.#write(part, next));
				return targets.length === 1 && targets[0] !== undefined
					? targets[0]
					: this.#add({ kind: "fork", targets });
			}
			case "repeat":
				return this.#repeat(expression, next);
		}
	}

	#repeat(
		{ part, min, max }: Extract<Expression, { type: "repeat" }>,
		next: number,
	): number {
		if (max === 0 || !this.#facts.isProductive(part)) return next;
		if (min === 0 && max === 1)
			return this.#add({
				kind: "fork",
				targets: [this.#write(part, next), next],
			});
		if (min === 1 && max === 1) return this.#write(part, next);
		const most = max ?? Number.POSITIVE_INFINITY;
		const automaton = this.#automatonOf(part);
		if (automaton !== null && isPrefixFree(automaton))
			return this.#add({ kind: "counted", automaton, min, max: most, next });
		if (max === null && min <= 1) {
			const targets: number[] = [];
			const again = this.#add({ kind: "fork", targets });
			const body = this.#write(part, again);
			targets.push(body, next);
			return min === 0 ? again : body;
		}
		return this.#add({
			kind: "loop",
			body: this.#write(part, endPosition),
			// A round that may be empty can always stand in for a missing one.
			min: this.#facts.isNullable(part) ? 0 : min,
			max: most,
			next,
		});
	}

	#automatonOf(part: Expression): AutomatonData | null {
		if (part.type === "regular") return part.automaton;
		if (part.type === "text" && part.text !== "")
			return this.#textAutomaton(part.text);
		return null;
	}

	#textAutomaton(text: string): AutomatonData {
		const known = this.#texts.get(text);
		if (known !== undefined) return known;
		const automaton = Automaton.ofText(text);
		this.#texts.set(text, automaton);
		return automaton;
	}
}

/** Whether no word is the beginning of another one, nor empty. */
function isPrefixFree(automaton: AutomatonData): boolean {
	const { accepting, classCount, transitions, start } = automaton;
	if (accepting[start] === 1) return false;
	return accepting.every(
		(accepts, state) =>
			accepts === 0 ||
			transitions
				.subarray(state * classCount, (state + 1) * classCount)
				.every((next) => next === 0),
	);
}
