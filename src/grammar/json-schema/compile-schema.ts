import { Budget } from "../budget.ts";
import type { Grammar } from "../grammar.ts";
import { CompileContext } from "./compile-context.ts";
import { GrammarWriter } from "./grammar-writer.ts";
import { nodeOf } from "./node.ts";
import { SchemaDocument } from "./schema-document.ts";
import { checkStrictRules } from "./strict-rules.ts";

export interface CompileSchemaOptions {
	/** Refuses what OpenAI refuses with `strict: true` (see strict-rules.ts), misspelt keywords and unknown formats. */
	isStrict?: boolean;
	/** What the compilation may cost. */
	budget?: Budget;
}

/**
 * The JSON texts that satisfy a JSON Schema (2020-12, and the spellings of draft 7), properties in the schema's order. Throws a GrammarError
 * with the JSON pointer of what cannot be enforced; nothing is left out silently. Three choices where the schema leaves room:
 * numbers with bounds, multipleOf or enum are written as plain decimals (others may have exponents), integers without a point;
 * strings with a pattern, format or enum escape only what has to be escaped; known formats are enforced.
 */
export function compileJsonSchema(
	schema: unknown,
	{ isStrict = false, budget = new Budget() }: CompileSchemaOptions = {},
): Grammar {
	const document = new SchemaDocument(schema);
	if (isStrict) checkStrictRules(schema);
	const context = new CompileContext(document, budget, isStrict);
	return new GrammarWriter(context).write(nodeOf(document.root));
}
