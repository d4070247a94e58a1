import { Budget } from "../budget.ts";
import type { Expression, Grammar } from "../grammar.ts";
import { withoutDirectRecursion } from "./left-recursion.ts";
import { Machine } from "./machine.ts";
import { type Program, ProgramWriter } from "./program.ts";
import { RuleFacts } from "./rule-facts.ts";
import { Simplifier } from "./simplify.ts";
import type { TokenTrie } from "./token-trie.ts";

/** A grammar made ready for matching; what is learned while matching is kept per vocabulary and shared by all its matchers. */
export class CompiledGrammar {
	readonly #program: Program;
	readonly #machines = new WeakMap<TokenTrie, Machine>();

	constructor(program: Program) {
		this.#program = program;
	}

	machineFor(trie: TokenTrie): Machine {
		const known = this.#machines.get(trie);
		if (known !== undefined) return known;
		const machine = new Machine(this.#program, trie);
		this.#machines.set(trie, machine);
		return machine;
	}
}

export interface CompileGrammarOptions {
	/** For joining regular parts; when it is spent, the grammar is matched as written. */
	budget?: Budget;
}

/**
 * Cheap: nothing is determinised before it is needed. Throws a GrammarError: `invalid` for rules that are not defined,
 * `unsupported` for left recursion over several rules, `impossible` where no text can match, `too_large`.
 */
export function compileGrammar(
	grammar: Grammar,
	{
		budget = new Budget({ maxStates: 2_000, maxOperations: 1_000_000 }),
	}: CompileGrammarOptions = {},
): CompiledGrammar {
	const simplifier = new Simplifier(grammar, budget);
	const rules = new Map<string, Expression>();
	const open = [grammar.start];
	for (const name of open) {
		if (rules.has(name)) continue;
		const rule = withoutDirectRecursion(name, simplifier.rule(name));
		rules.set(name, rule);
		open.push(...namedRules(rule));
	}
	const facts = new RuleFacts(rules);
	facts.refuseLeftRecursion();
	return new CompiledGrammar(new ProgramWriter(facts).write(grammar.start));
}

function namedRules(expression: Expression): string[] {
	switch (expression.type) {
		case "text":
		case "regular":
		case "distinct":
		case "list-edge":
			return [];
		case "rule":
			return [expression.name];
		case "repeat":
			return namedRules(expression.part);
		case "sequence":
		case "choice":
			return expression.parts.flatMap(namedRules);
	}
}
