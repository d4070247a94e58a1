import type { OutputConstraint } from "../core/output-constraint.ts";
import { Budget } from "../grammar/budget.ts";
import { parseGbnf } from "../grammar/gbnf/parse-gbnf.ts";
import type { Expression, Grammar } from "../grammar/grammar.ts";
import { GrammarError } from "../grammar/grammar-error.ts";
import { jsonObjectGrammar } from "../grammar/json.ts";
import { compileJsonSchema } from "../grammar/json-schema/compile-schema.ts";
import { compileGrammar } from "../grammar/matcher/compiled-grammar.ts";
import { Automaton } from "../grammar/regular/automaton.ts";
import { parseRegexExpression } from "../grammar/regular/regex-expression.ts";

/**
 * From what was asked for to a grammar that the engine process can follow. May take seconds, so it has a thread of its own.
 * Throws a GrammarError that names the field.
 */
export function compileConstraint(constraint: OutputConstraint): Grammar {
	return about(constraint.field, () => {
		const grammar = toGrammar(constraint, new Budget());
		// What the engine process could not follow is refused here, where only its own request notices.
		compileGrammar(grammar);
		return grammar;
	});
}

function toGrammar(constraint: OutputConstraint, budget: Budget): Grammar {
	switch (constraint.kind) {
		case "json-schema":
			return compileJsonSchema(constraint.schema, {
				isStrict: constraint.isStrict,
				budget,
			});
		case "json-object":
			return jsonObjectGrammar();
		case "regex":
			return ofExpression(
				parseRegexExpression(constraint.pattern, { anchored: true, budget }),
			);
		case "choice":
			return ofExpression({
				type: "regular",
				automaton: Automaton.ofTexts(constraint.choices, budget),
			});
		case "grammar":
			return parseGbnf(constraint.source, { budget });
		case "grammar-ir":
			return withSchemas(constraint.grammar, constraint.schemas ?? {}, budget);
	}
}

const ofExpression = (expression: Expression): Grammar => ({
	rules: { root: expression },
	start: "root",
});

/** The schemas' rules under the names by which the grammar knows them; inner rules get the name before their own. */
function withSchemas(
	{ rules, start }: Grammar,
	schemas: NonNullable<
		Extract<OutputConstraint, { kind: "grammar-ir" }>["schemas"]
	>,
	budget: Budget,
): Grammar {
	const all: Record<string, Expression> = { ...rules };
	for (const [name, one] of Object.entries(schemas)) {
		const { schema, isStrict = false, field } = one;
		const inner = about(field, () =>
			compileJsonSchema(schema, { isStrict, budget }),
		);
		const renamed = (rule: string) => `${name}/${rule}`;
		for (const [rule, expression] of Object.entries(inner.rules))
			all[renamed(rule)] = withNames(expression, renamed);
		all[name] = { type: "rule", name: renamed(inner.start) };
	}
	return { rules: all, start };
}

function withNames(
	expression: Expression,
	renamed: (rule: string) => string,
): Expression {
	switch (expression.type) {
		case "text":
		case "regular":
		case "distinct":
		case "list-edge":
			return expression;
		case "rule":
			return { type: "rule", name: renamed(expression.name) };
		case "repeat":
			return { ...expression, part: withNames(expression.part, renamed) };
		case "sequence":
		case "choice":
			return {
				...expression,
				parts: expression.parts.map((part) => withNames(part, renamed)),
			};
	}
}

/** Says of an error which field it is about, unless it says so itself. */
function about<Result>(field: string | undefined, work: () => Result): Result {
	try {
		return work();
	} catch (thrown) {
		if (!(thrown instanceof GrammarError) || thrown.param !== null)
			throw thrown;
		const { reason, message, path } = thrown;
		throw new GrammarError(reason, message, {
			path: path ?? undefined,
			param: field,
			cause: thrown,
		});
	}
}
