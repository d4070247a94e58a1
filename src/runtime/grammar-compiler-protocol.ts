import type { OutputConstraint } from "../core/output-constraint.ts";
import type { Grammar } from "../grammar/grammar.ts";
import type { GrammarErrorReason } from "../grammar/grammar-error.ts";

/** What the HTTP process's event loop and its compiler thread say to each other: one question at a time. */
export interface CompileQuestion {
	constraint: OutputConstraint;
}

export type CompileAnswer =
	| { grammar: Grammar }
	| {
			refusal: {
				reason: GrammarErrorReason;
				message: string;
				path: string | null;
				param: string | null;
			};
	  }
	/** A fault of ours. */
	| { fault: string };
