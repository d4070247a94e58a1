import type { Expression } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";

/** What follows from all rules together: which parts derive any text at all, and which derive the empty one. */
export class RuleFacts {
	readonly rules: ReadonlyMap<string, Expression>;
	readonly #productive = new Set<string>();
	readonly #nullable = new Set<string>();

	constructor(rules: ReadonlyMap<string, Expression>) {
		this.rules = rules;
		this.#settle(this.#productive, (part) => this.isProductive(part));
		this.#settle(this.#nullable, (part) => this.isNullable(part));
	}

	isProductive(expression: Expression): boolean {
		switch (expression.type) {
			case "text":
			case "list-edge":
				return true;
			case "regular":
			case "distinct":
				return expression.automaton.start !== 0;
			case "rule":
				return this.#productive.has(expression.name);
			case "sequence":
				return expression.parts.every((part) => this.isProductive(part));
			case "choice":
				return expression.parts.some((part) => this.isProductive(part));
			case "repeat":
				return expression.min === 0 || this.isProductive(expression.part);
		}
	}

	isNullable(expression: Expression): boolean {
		switch (expression.type) {
			case "text":
				return expression.text === "";
			case "list-edge":
				return true;
			case "regular":
			case "distinct": {
				const { accepting, start } = expression.automaton;
				return accepting[start] === 1;
			}
			case "rule":
				return this.#nullable.has(expression.name);
			case "sequence":
				return expression.parts.every((part) => this.isNullable(part));
			case "choice":
				return expression.parts.some((part) => this.isNullable(part));
			case "repeat":
				return expression.min === 0 || this.isNullable(expression.part);
		}
	}

	/** Refuses rules that begin with themselves: following them would never read a byte. */
	refuseLeftRecursion(): void {
		const settled = new Set<string>();
		for (const root of this.rules.keys()) {
			const path: { name: string; rest: string[] }[] = [];
			const enter = (name: string) => {
				if (settled.has(name)) return;
				const at = path.findIndex((entry) => entry.name === name);
				if (at !== -1) {
					const cycle = [...path.slice(at).map((entry) => entry.name), name];
					throw new GrammarError(
						"unsupported",
						`The grammar is left-recursive: ${cycle.join(" -> ")}. Write the repetition with * or let the rule recur at its end.`,
						{ path: name },
					);
				}
				const rule = this.rules.get(name);
				const rest = rule === undefined ? [] : [...this.#firstRules(rule)];
				path.push({ name, rest });
			};
			enter(root);
			for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
				const next = top.rest.pop();
				if (next !== undefined) enter(next);
				else {
					settled.add(top.name);
					path.pop();
				}
			}
		}
	}

	/** Rules that a derivation of the expression may begin with. */
	#firstRules(expression: Expression): Set<string> {
		switch (expression.type) {
			case "text":
			case "regular":
			case "distinct":
			case "list-edge":
				return new Set();
			case "rule":
				return new Set([expression.name]);
			case "repeat":
				return this.#firstRules(expression.part);
			case "choice":
				return new Set(
					expression.parts.flatMap((part) => [...this.#firstRules(part)]),
				);
			case "sequence": {
				const found = new Set<string>();
				for (const part of expression.parts) {
					for (const name of this.#firstRules(part)) found.add(name);
					if (!this.isNullable(part)) break;
				}
				return found;
			}
		}
	}

	#settle(names: Set<string>, holds: (rule: Expression) => boolean): void {
		// Rules are mostly used before they are found, so the last ones settle first.
		const backwards = [...this.rules].reverse();
		for (let isChanged = true; isChanged; ) {
			isChanged = false;
			for (const [name, rule] of backwards)
				if (!names.has(name) && holds(rule)) {
					names.add(name);
					isChanged = true;
				}
		}
	}
}
