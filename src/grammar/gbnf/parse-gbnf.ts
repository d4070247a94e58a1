import { Budget } from "../budget.ts";
import type { Expression, Grammar } from "../grammar.ts";
import { GrammarError } from "../grammar-error.ts";
import { Automaton } from "../regular/automaton.ts";
import { negated } from "../regular/code-point-set.ts";
import { type CodePointRange, everyCodePoint } from "../regular/utf8.ts";
import { GbnfScanner } from "./gbnf-scanner.ts";

/** Nesting that no written grammar has; deeper ones would only exhaust the stack. */
const maxDepth = 200;
const startRule = "root";

export interface GbnfOptions {
	budget?: Budget;
}

/**
 * A grammar in llama.cpp's GBNF: `name ::= alternatives`, texts in double quotes, character classes, `.`, groups, `*`, `+`,
 * `?`, `{m,n}` and comments; what is generated is the rule `root`. Besides, as in the EBNF of other servers, texts may stand
 * in single quotes, names may have `_` and `.`, and a rule may go on in the next line wherever no other rule begins there.
 * Throws a GrammarError with line and column.
 */
export function parseGbnf(
	source: string,
	{ budget = new Budget() }: GbnfOptions = {},
): Grammar {
	return new GbnfParser(source, budget).parse();
}

class GbnfParser {
	readonly #scanner: GbnfScanner;
	readonly #budget: Budget;
	readonly #rules = new Map<string, Expression>();
	/** Where each name is first used. */
	readonly #uses = new Map<string, number>();
	readonly #classes = new Map<string, Expression>();
	#depth = 0;

	constructor(source: string, budget: Budget) {
		this.#scanner = new GbnfScanner(source);
		this.#budget = budget;
	}

	parse(): Grammar {
		const scanner = this.#scanner;
		for (scanner.skipSpace(); !scanner.isAtEnd; scanner.skipSpace())
			this.#rule();
		for (const [name, place] of this.#uses)
			if (!this.#rules.has(name))
				throw scanner.error(`there is no rule '${name}'`, place);
		if (!this.#rules.has(startRule))
			throw new GrammarError(
				"invalid",
				`Grammar: there is no rule '${startRule}', which is where it starts. Write '${startRule} ::= ...'.`,
			);
		return { rules: Object.fromEntries(this.#rules), start: startRule };
	}

	#rule(): void {
		const scanner = this.#scanner;
		const place = scanner.at;
		const name = scanner.name();
		if (name === "") throw this.#unexpected("the name of a rule");
		scanner.skipSpace();
		if (!scanner.take("::="))
			throw this.#unexpected(
				scanner.peek() === ":"
					? "'::=' (this is GBNF; grammars for Lark are not understood)"
					: "'::='",
			);
		if (this.#rules.has(name))
			throw scanner.error(`there are two rules '${name}'`, place);
		const expression = this.#alternatives();
		if (!scanner.isAtEnd && !this.#isAtRule())
			throw this.#unexpected("a rule, or the end of the grammar");
		this.#rules.set(name, expression);
	}

	#alternatives(): Expression {
		if (++this.#depth > maxDepth)
			throw this.#scanner.error(
				`groups are nested more than ${maxDepth} levels deep`,
			);
		const parts = [this.#sequence()];
		while (this.#scanner.take("|")) parts.push(this.#sequence());
		this.#depth--;
		const [only] = parts;
		return parts.length === 1 && only ? only : { type: "choice", parts };
	}

	#sequence(): Expression {
		const scanner = this.#scanner;
		const parts: Expression[] = [];
		for (;;) {
			scanner.skipSpace();
			const next = scanner.peek();
			if (next === "" || next === "|" || next === ")" || this.#isAtRule())
				break;
			this.#budget.spend(1);
			let part = this.#element();
			for (
				let repeated = this.#repeated(part);
				repeated !== null;
				repeated = this.#repeated(part)
			)
				part = repeated;
			parts.push(part);
		}
		const [only] = parts;
		return parts.length === 1 && only ? only : { type: "sequence", parts };
	}

	#isAtRule(): boolean {
		const scanner = this.#scanner;
		const place = scanner.at;
		const name = scanner.name();
		scanner.skipSpace();
		const isRule = name !== "" && scanner.take("::=");
		scanner.at = place;
		return isRule;
	}

	#element(): Expression {
		const scanner = this.#scanner;
		const place = scanner.at;
		const quote = scanner.peek();
		if (quote === '"' || quote === "'") return this.#text(quote);
		if (scanner.take("[")) return this.#characterClass(place);
		if (scanner.take(".")) return this.#characters("any", everyCodePoint);
		if (scanner.take("(")) {
			const inner = this.#alternatives();
			if (!scanner.take(")"))
				throw scanner.error("this group is not closed: ')' is missing", place);
			return inner;
		}
		if (quote === "<" || (quote === "!" && scanner.peek(1) === "<"))
			throw new GrammarError(
				"unsupported",
				`${scanner.error("tokens can't be named here").message} Write the text of what may come instead.`,
			);
		const name = scanner.name();
		if (name === "")
			throw this.#unexpected("a text, a character class, a group or a rule");
		if (!this.#uses.has(name)) this.#uses.set(name, place);
		return { type: "rule", name };
	}

	#text(quote: string): Expression {
		const scanner = this.#scanner;
		const place = scanner.at;
		scanner.next();
		let text = "";
		while (scanner.peek() !== quote) {
			if (scanner.isAtEnd)
				throw scanner.error("this text is not closed", place);
			text += String.fromCodePoint(scanner.codePoint());
		}
		scanner.next();
		return { type: "text", text };
	}

	#characterClass(place: number): Expression {
		const scanner = this.#scanner;
		const isNegated = scanner.take("^");
		const ranges: CodePointRange[] = [];
		while (scanner.peek() !== "]") {
			if (scanner.isAtEnd)
				throw scanner.error(
					"this character class is not closed: ']' is missing",
					place,
				);
			const from = scanner.at;
			const first = scanner.codePoint();
			const isRange = scanner.peek() === "-" && scanner.peek(1) !== "]";
			if (isRange) scanner.next();
			const last = isRange ? scanner.codePoint() : first;
			if (last < first)
				throw scanner.error("this range begins behind its end", from);
			ranges.push([first, last]);
		}
		scanner.next();
		if (ranges.length === 0 && !isNegated)
			throw scanner.error("this character class is empty", place);
		const key = `${isNegated}${ranges.join(" ")}`;
		return this.#characters(key, isNegated ? negated(ranges) : ranges);
	}

	#characters(key: string, ranges: readonly CodePointRange[]): Expression {
		const known = this.#classes.get(key);
		if (known !== undefined) return known;
		const automaton = Automaton.ofCodePoints(ranges, this.#budget);
		const expression: Expression = { type: "regular", automaton };
		this.#classes.set(key, expression);
		return expression;
	}

	/** Null where no repetition stands. It may stand apart from what it repeats, but in the same line. */
	#repeated(part: Expression): Expression | null {
		const scanner = this.#scanner;
		const place = scanner.at;
		while (scanner.peek() === " " || scanner.peek() === "\t") scanner.next();
		if (scanner.take("*")) return { type: "repeat", part, min: 0, max: null };
		if (scanner.take("+")) return { type: "repeat", part, min: 1, max: null };
		if (scanner.take("?")) return { type: "repeat", part, min: 0, max: 1 };
		const brace = scanner.at;
		if (!scanner.take("{")) {
			scanner.at = place;
			return null;
		}
		scanner.skipSpace();
		const least = scanner.number();
		scanner.skipSpace();
		const isRange = scanner.take(",");
		scanner.skipSpace();
		const most = isRange ? scanner.number() : least;
		scanner.skipSpace();
		if ((least === null && most === null) || !scanner.take("}"))
			throw scanner.error(
				"a repetition is written {m}, {m,}, {m,n} or {,n}",
				brace,
			);
		const min = least ?? 0;
		if (most !== null && most < min)
			throw scanner.error("this repetition begins behind its end", brace);
		return { type: "repeat", part, min, max: most };
	}

	#unexpected(expected: string): GrammarError {
		const found = this.#scanner.peek();
		const what = found === "" ? "the grammar ends" : `'${found}' stands`;
		return this.#scanner.error(`${what} where ${expected} is expected`);
	}
}
