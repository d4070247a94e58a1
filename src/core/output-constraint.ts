import type { Grammar } from "../grammar/grammar.ts";

/** What a request's output must look like, in the words of whoever asked. Compiled in grammar/, enforced in the engine process. */
export type OutputConstraint = (
	| {
			kind: "json-schema";
			schema: unknown;
			/** The client said `strict: true`: schemas that OpenAI would refuse then are refused. Everything is enforced either way. */
			isStrict: boolean;
			name: string;
	  }
	/** Any JSON object. */
	| { kind: "json-object" }
	/** The whole output matches. */
	| { kind: "regex"; pattern: string }
	| { kind: "choice"; choices: readonly string[] }
	/** GBNF. */
	| { kind: "grammar"; source: string }
	| {
			kind: "grammar-ir";
			grammar: Grammar;
			/**
			 * JSON schemas that rules of the grammar stand for, by the rules' names: those rules need not be in `grammar`. They are
			 * compiled where compiling holds nobody up.
			 */
			schemas?: Readonly<Record<string, SchemaRule>>;
			/** Texts that switch it on, e.g. `<tool_call>`: until one of them, and after the grammar's end, text is free. Null: on from the first token. */
			trigger: readonly string[] | null;
	  }
) & {
	/** The request field that it came from, for error messages: `response_format.json_schema.schema`. */
	field?: string;
};

export interface SchemaRule {
	schema: unknown;
	/** As of a JSON schema; false where it is left out. */
	isStrict?: boolean;
	/** The request field: `tools[0].function.parameters`. */
	field: string;
}
